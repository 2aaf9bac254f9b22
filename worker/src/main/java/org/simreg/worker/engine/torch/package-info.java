/**
 * libtorch on one device: loading a TorchScript archive, calling its methods, flat vectors of
 * weights. Read {@link org.simreg.worker.engine.torch.Torch} first, then {@link
 * org.simreg.worker.engine.torch.TorchModule}.
 */
package org.simreg.worker.engine.torch;
