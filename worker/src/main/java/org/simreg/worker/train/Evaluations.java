package org.simreg.worker.train;

import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.simreg.proto.EvaluationDone;
import org.simreg.proto.Generation.Measurement;
import org.simreg.worker.engine.torchscript.TrainableStudent;
import org.simreg.worker.exchange.ahead.EvaluationShares;

/** The measurements between a job's steps as its training loop asks for them: which are due, and their results. */
public interface Evaluations {
    /** No evaluations. */
    Evaluations NONE = new Evaluations() {
        @Override
        public List<Measurement> due(long committed) {
            return List.of();
        }

        @Override
        public Optional<EvaluationDone> measure(Measurement what, Now now) {
            throw new IllegalArgumentException("nothing is measured here: " + what);
        }
    };

    /** The evaluations that are due when so many steps are committed, in order. */
    List<Measurement> due(long committed);

    /**
     * The moment of an evaluation, on one member.
     *
     * @param committed steps of the student
     * @param student at the step at which the evaluation is due
     * @param shares with the other members of the generation, who make the same evaluations
     * @param stop asked now and then; once true, {@code Abandoned} is thrown
     */
    record Now(long committed, TrainableStudent student, EvaluationShares shares, BooleanSupplier stop) {}

    /**
     * Makes one evaluation, or this member's part of it.
     *
     * @return empty from a member whose part another collects
     */
    Optional<EvaluationDone> measure(Measurement what, Now now);
}
