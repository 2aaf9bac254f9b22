package org.simreg.worker.torchscript;

/**
 * Numbers that are part of the compiled step.
 *
 * @param bfloat16 whether convolutions and linear layers compute in bfloat16
 * @param momentum of SGD, from 0 to less than 1
 * @param weightDecay L2 penalty on every parameter
 * @param objective what is minimised
 */
public record StepSettings(
        boolean bfloat16, double momentum, double weightDecay, Objective objective) {
    /** The paper's objective. */
    public StepSettings(boolean bfloat16, double momentum, double weightDecay) {
        this(bfloat16, momentum, weightDecay, Objective.PLAIN);
    }
}
