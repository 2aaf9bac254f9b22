package org.simreg.worker.torchscript;

/**
 * Everything that a step changes, each a flat vector laid out by {@link Trained}.
 *
 * @param weights parameters of backbone and heads
 * @param momentum of SGD, as long as the weights
 * @param statistics running means and variances of BatchNorm
 * @param average weights of the momentum teacher, a prefix of the parameters; empty without one
 */
public record StudentState(
        float[] weights, float[] momentum, float[] statistics, float[] average) {}
