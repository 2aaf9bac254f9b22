/**
 * Tensors by name, in memory or in a mapped file. Read {@link
 * org.simreg.worker.weights.tensor.StateDict} first.
 */
package org.simreg.worker.weights.tensor;
