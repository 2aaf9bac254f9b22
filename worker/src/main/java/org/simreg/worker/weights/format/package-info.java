/**
 * The containers that weights come in: PyTorch's zip archives and streams, TorchScript,
 * safetensors. Read {@link org.simreg.worker.weights.format.TorchFile} and {@link
 * org.simreg.worker.weights.format.Safetensors} first.
 */
package org.simreg.worker.weights.format;
