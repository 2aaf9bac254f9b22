package org.simreg.worker.train;

import java.util.List;
import java.util.function.BooleanSupplier;
import org.simreg.proto.EvaluationDone;
import org.simreg.proto.Generation.Measurement;
import org.simreg.worker.engine.torchscript.TrainableStudent;

/** The evaluations of a job: what is measured between its steps, and when. */
public interface Evaluations {
    /** No evaluations. */
    Evaluations NONE = new Evaluations() {
        @Override
        public List<Measurement> due(long committed) {
            return List.of();
        }

        @Override
        public EvaluationDone measure(
                Measurement what, long committed, TrainableStudent student, BooleanSupplier stop) {
            throw new IllegalArgumentException("nothing is measured here: " + what);
        }
    };

    /** The evaluations that are due when so many steps are committed, in order. */
    List<Measurement> due(long committed);

    /**
     * Makes one evaluation.
     *
     * @param student at the step at which this is due
     * @param stop asked now and then; once true, {@code Abandoned} is thrown
     */
    EvaluationDone measure(Measurement what, long committed, TrainableStudent student, BooleanSupplier stop);
}
