/**
 * A simulation of a job on many workers: the product's own decisions over a model of what steps and networks cost. Read
 * {@link org.simreg.bench.scale.CostModel} first, then {@code StepTime}, then {@code SimulatedJob}.
 */
package org.simreg.bench.scale;
