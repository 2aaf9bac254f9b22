/**
 * The optimizers: their constants, their state, and a step of each as TorchScript over flat vectors. Read {@link
 * org.simreg.worker.engine.optimizer.OptimizerCode} first.
 */
package org.simreg.worker.engine.optimizer;
