/**
 * The exchange between the members of a generation: gradients and states. Read {@code mesh} (frames
 * and credits), {@code reduce} (the mean gradient in a tree of fixed shape), {@code wire} (the two
 * technologies that carry frames).
 */
package org.simreg.worker.exchange;
