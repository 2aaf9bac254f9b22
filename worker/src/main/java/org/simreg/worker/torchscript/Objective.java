package org.simreg.worker.torchscript;

import java.util.List;
import org.simreg.proto.Loss;

/**
 * What the regression minimises: the weighted mean of the teachers' losses.
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
