/**
 * libtorch, and the networks written for it. Read {@code torch} (one device, one archive, one
 * call), {@code torchscript} (networks as TorchScript source, and the calls of a training step).
 */
package org.simreg.worker.engine;
