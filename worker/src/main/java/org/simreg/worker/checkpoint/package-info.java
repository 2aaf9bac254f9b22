/**
 * Reading and writing weights: PyTorch's containers, safetensors and TorchScript in, and those and
 * ONNX out. The value that leaves this room is a {@link org.simreg.worker.checkpoint.StateDict};
 * files are parsed, never executed.
 */
package org.simreg.worker.checkpoint;
