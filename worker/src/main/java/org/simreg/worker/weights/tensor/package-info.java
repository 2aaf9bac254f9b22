/** Tensors by name, in memory or mapped. */
package org.simreg.worker.weights.tensor;
