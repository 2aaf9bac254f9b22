/**
 * Networks, loss and training step as TorchScript source, and the modules that run it. Read {@link
 * org.simreg.worker.engine.torchscript.TrainableStudent} first, then {@code StepCode} and {@code
 * LossCode} for a step's arithmetic; {@link org.simreg.worker.engine.torchscript.FrozenModule} is
 * the same for a network that only gives features.
 */
package org.simreg.worker.engine.torchscript;
