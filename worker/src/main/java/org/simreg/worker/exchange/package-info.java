/**
 * The exchange between the members of a generation: gradients, states and features. Read {@code mesh} (frames
 * and credits), {@code reduce} (the mean gradient in a tree of fixed shape), {@code ahead} (features that others
 * compute), {@code wire} (the two technologies that carry frames).
 */
package org.simreg.worker.exchange;
