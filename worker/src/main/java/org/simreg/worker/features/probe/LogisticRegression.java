package org.simreg.worker.features.probe;

import com.github.lbfgs4j.liblbfgs.Lbfgs;
import com.github.lbfgs4j.liblbfgs.LbfgsConstant.LBFGS_Param;
import com.github.lbfgs4j.liblbfgs.MutableDouble;
import java.util.function.BooleanSupplier;
import org.simreg.worker.base.concurrent.Abandoned;
import org.simreg.worker.engine.torch.Torch;

/**
 * L2-regularised multinomial logistic regression by L-BFGS: the weights that minimise the mean
 * cross entropy plus {@code penalty / 2} times their sum of squares. It ends when the gradient is
 * 1e-5 of the weights, or as its {@link Effort} says.
 */
final class LogisticRegression {
    private static final int MEMORY = 10;
    private static final int PAST = 10;
    private static final int CHUNK = 4096;

    /**
     * The effort of a fit: when it ends.
     *
     * @param gain when ten iterations gain less than this part of the objective
     * @param iterations or after so many
     */
    record Effort(double gain, int iterations) {
        /**
         * Enough to tell penalties apart: where the penalty is weak the classes are separated long
         * before the loss has come to rest.
         */
        static final Effort COMPARISON = new Effort(1e-3, 100);

        /** The objective to about 1e-5 of itself. */
        static final Effort FULL = new Effort(1e-6, 1000);
    }

    private LogisticRegression() {}

    /** Rows on the device, standardised; the caller closes them. */
    static LogisticModule load(Torch torch, RowSelection rows, RowSelection.Standardization standard, int classes) {
        LogisticModule module = new LogisticModule(torch, standard.mean(), standard.scale(), classes);
        for (int from = 0; from < rows.size(); from += CHUNK) {
            int to = Math.min(rows.size(), from + CHUNK);
            module.add(rows.values(from, to), rows.labels(from, to));
        }
        return module;
    }

    /**
     * @param start weights to begin with; not changed
     * @param effort when it ends
     * @param stop once true, the search is given up
     * @return the weights, see {@link LogisticModule}
     * @throws Abandoned if it was told to stop
     */
    static double[] fit(LogisticModule rows, double penalty, double[] start, Effort effort, BooleanSupplier stop) {
        LBFGS_Param settings = Lbfgs.defaultParams();
        settings.m = MEMORY;
        settings.past = PAST;
        settings.delta = effort.gain;
        settings.max_iterations = effort.iterations;
        double[] weights = start.clone();
        // Its codes say how it ended; also where no step gains any more, the weights are the best.
        Lbfgs.lbfgs(
                weights.length,
                weights,
                new MutableDouble(),
                (ignored, at, gradient, count, step) -> {
                    if (stop.getAsBoolean()) {
                        throw new Abandoned("the measurement was given up");
                    }
                    return rows.objective(at, penalty, gradient);
                },
                null,
                null,
                settings);
        return weights;
    }
}
