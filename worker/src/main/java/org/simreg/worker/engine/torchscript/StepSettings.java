package org.simreg.worker.engine.torchscript;

import java.util.List;
import org.simreg.proto.Loss;
import org.simreg.worker.engine.optimizer.OptimizerSettings;

/**
 * The constants of a training step, compiled into it.
 *
 * @param bfloat16 whether convolutions and linear layers compute in bfloat16
 * @param optimizer what moves the weights
 * @param objective what is minimised
 */
public record StepSettings(boolean bfloat16, OptimizerSettings optimizer, StepSettings.Objective objective) {
    /** The paper's objective and optimizer. */
    public StepSettings(boolean bfloat16, double momentum, double weightDecay) {
        this(bfloat16, OptimizerSettings.sgd(momentum, weightDecay), Objective.PLAIN);
    }

    /**
     * The objective of the regression: the weighted mean of the teachers' losses.
     *
     * @param loss of one teacher, mean over the batch
     * @param weights one for each teacher, above 0; only their proportions count
     */
    public record Objective(Loss loss, List<Double> weights) {
        /** The paper's: 2 - 2 cos, the plain mean over however many teachers there are. */
        public static final Objective PLAIN = new Objective(Loss.NORMALIZED, List.of());

        public Objective {
            weights = List.copyOf(weights);
            if (weights.stream().anyMatch(weight -> !(weight > 0))) {
                throw new IllegalArgumentException("weights must be above 0, not " + weights);
            }
        }

        /** Whether the mean is the sum divided by the number of teachers. */
        boolean even() {
            return weights.stream().distinct().count() <= 1;
        }
    }
}
