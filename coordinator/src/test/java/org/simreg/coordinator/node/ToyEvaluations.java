package org.simreg.coordinator.node;

import java.util.List;
import java.util.function.BooleanSupplier;
import org.simreg.coordinator.node.ToyJob.Point;
import org.simreg.proto.EvaluationDone;
import org.simreg.proto.Generation.Measurement;
import org.simreg.proto.KnnScore;
import org.simreg.worker.engine.torchscript.TrainableStudent;
import org.simreg.worker.train.Evaluations;

/**
 * Evaluations of a toy job after the first epoch and at the end, whose accuracy is always one half.
 *
 * @param steps of the job
 */
record ToyEvaluations(long steps, ToyJob.Script script) implements Evaluations {
    @Override
    public List<Measurement> due(long committed) {
        return committed == steps || committed == ToyJob.STEPS_PER_EPOCH
                ? List.of(Measurement.newBuilder()
                        .setSubject("student")
                        .setEpoch((int) (committed / ToyJob.STEPS_PER_EPOCH))
                        .build())
                : List.of();
    }

    @Override
    public EvaluationDone measure(Measurement what, long committed, TrainableStudent student, BooleanSupplier stop) {
        script.at(Point.MEASURE, committed);
        return EvaluationDone.newBuilder()
                .setSubject(what.getSubject())
                .setEpoch(what.getEpoch())
                .addKnn(KnnScore.newBuilder().setK(1).setAccuracy(0.5))
                .build();
    }
}
