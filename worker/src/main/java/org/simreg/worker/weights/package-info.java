/**
 * Files of weights, read and written. Read {@code tensor} (tensors by name), {@code format} (the
 * containers they come in), {@code checkpoint} (the network that a file holds).
 */
package org.simreg.worker.weights;
