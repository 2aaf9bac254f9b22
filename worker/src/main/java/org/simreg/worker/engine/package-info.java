/**
 * libtorch, and the TorchScript that is written for it. Read {@code torch} (a device, an archive, a call), then
 * {@code torchscript} (networks, loss and training step as TorchScript source).
 */
package org.simreg.worker.engine;
