package org.simreg.coordinator.node;

import java.util.List;
import java.util.Optional;
import org.simreg.coordinator.node.ToyJob.Point;
import org.simreg.proto.EvaluationDone;
import org.simreg.proto.Generation.Measurement;
import org.simreg.proto.KnnScore;
import org.simreg.worker.exchange.ahead.PartOutbox;
import org.simreg.worker.train.Evaluations;

/**
 * Evaluations of a toy job: of the student and its average after every epoch where the job has patience, otherwise of
 * the student after the first epoch and at the end. The accuracy rises to the second epoch, of the average to a little
 * more, and falls from then on.
 *
 * @param steps of the job
 */
record ToyEvaluations(long steps, boolean patience, ToyJob.Script script) implements Evaluations {
    /** The epoch whose student is the best. */
    static final int BEST = 2;

    @Override
    public List<Measurement> due(long committed) {
        boolean epoch = patience && committed > 0 && committed % ToyJob.STEPS_PER_EPOCH == 0;
        if (!epoch && committed != steps && committed != ToyJob.STEPS_PER_EPOCH) {
            return List.of();
        }
        Measurement student = Measurement.newBuilder()
                .setSubject("student")
                .setEpoch((int) (committed / ToyJob.STEPS_PER_EPOCH))
                .build();
        return patience
                ? List.of(
                        student,
                        student.toBuilder().setSubject("student average").build())
                : List.of(student);
    }

    private static double accuracy(Measurement what) {
        double less = what.getSubject().equals("student") ? 0.01 : 0;
        return 0.5 - 0.05 * Math.abs(what.getEpoch() - BEST) - less;
    }

    /** One member measures, and the others have no part in it. */
    @Override
    public Optional<EvaluationDone> measure(Measurement what, Now now) {
        if (now.shares() instanceof PartOutbox) {
            return Optional.empty();
        }
        script.at(Point.MEASURE, now.committed());
        return Optional.of(EvaluationDone.newBuilder()
                .setSubject(what.getSubject())
                .setEpoch(what.getEpoch())
                .addKnn(KnnScore.newBuilder().setK(1).setAccuracy(accuracy(what)))
                .build());
    }
}
