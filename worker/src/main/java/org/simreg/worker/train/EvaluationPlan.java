package org.simreg.worker.train;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import org.simreg.proto.EvaluationDone;
import org.simreg.proto.Generation.Measurement;
import org.simreg.proto.Job;
import org.simreg.proto.NetworkCost;
import org.simreg.proto.Precision;
import org.simreg.worker.data.loader.BatchLoader;
import org.simreg.worker.data.loader.BatchStream;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.engine.torchscript.FrozenModule;
import org.simreg.worker.engine.torchscript.StudentNetwork;
import org.simreg.worker.engine.torchscript.StudentState;
import org.simreg.worker.engine.torchscript.TrainableStudent;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.train.student.BatchNormCalibration;
import org.simreg.worker.train.student.StudentBuilder;
import org.simreg.worker.train.student.StudentRanking;
import org.simreg.worker.train.teacher.FrozenTeacher;
import org.simreg.worker.train.teacher.ViewPlan;
import org.simreg.worker.weights.tensor.StateDict;

/**
 * The k-NN evaluations of a job: of the untrained student and the teachers before the first step,
 * of the student and its average, if there is one, after every n-th epoch and after the last step.
 */
final class EvaluationPlan implements Evaluations {
    private static final String RANDOM = "student at random";

    private final Job job;
    private final TrainingPlan plan;
    private final ViewPlan views;
    private final KnnEvaluation evaluation;
    private final Parts parts;

    /**
     * The student's networks and the teachers that are measured, and what they need; not closed
     * here.
     */
    record Parts(Torch torch, StudentNetwork trained, List<FrozenTeacher> teachers, BatchLoader loader) {}

    EvaluationPlan(Job job, TrainingPlan plan, ViewPlan views, KnnEvaluation evaluation, Parts parts) {
        this.job = job;
        this.plan = plan;
        this.views = views;
        this.evaluation = evaluation;
        this.parts = parts;
    }

    @Override
    public List<Measurement> due(long committed) {
        if (committed == 0) {
            return before();
        }
        int epoch = plan.epoch(committed - 1) + 1;
        int every = job.getEvaluation().getEveryEpochs();
        boolean whole = plan.endsEpoch(committed - 1) && every > 0 && epoch % every == 0;
        boolean end = committed == plan.steps();
        if (!whole && !end) {
            return List.of();
        }
        boolean average = job.getOptimization().getEmaDecay() > 0;
        return average
                ? List.of(of(StudentRanking.STUDENT, epoch), of(StudentRanking.AVERAGE, epoch))
                : List.of(of(StudentRanking.STUDENT, epoch));
    }

    private List<Measurement> before() {
        List<Measurement> all = new ArrayList<>();
        all.add(of(RANDOM, 0));
        for (int i = 0; i < parts.teachers.size(); i++) {
            all.add(of(teacher(i), 0));
        }
        return all;
    }

    private String teacher(int i) {
        return parts.teachers.size() == 1 ? "teacher" : "teacher " + (i + 1);
    }

    private static Measurement of(String subject, int epoch) {
        return Measurement.newBuilder().setSubject(subject).setEpoch(epoch).build();
    }

    @Override
    public Optional<EvaluationDone> measure(Measurement what, Now now) {
        boolean last = now.committed() == plan.steps() || job.getEvaluation().getPatience() > 0;
        boolean examples = last && now.committed() > 0 && what.getSubject().equals(StudentRanking.STUDENT);
        int order = due(now.committed()).indexOf(what);
        KnnEvaluation.Request asked = new KnnEvaluation.Request(what, order, examples, now);
        for (int i = 0; i < parts.teachers.size(); i++) {
            if (what.getSubject().equals(teacher(i))) {
                FrozenTeacher teacher = parts.teachers.get(i);
                return evaluation
                        .measure(asked, new KnnEvaluation.Network(teacher.size(), teacher.width(), teacher::features))
                        .map(done -> priced(done, teacher.cost()));
            }
        }
        NetworkGraph backbone = parts.trained.backbone();
        StateDict weights = weights(what.getSubject(), now.student());
        boolean bfloat16 = job.getPrecision() == Precision.BFLOAT16;
        try (FrozenModule frozen = FrozenModule.of(parts.torch, backbone, weights, bfloat16)) {
            int size = job.getViews().getSize();
            return evaluation
                    .measure(asked, new KnnEvaluation.Network(size, backbone.outputs(), frozen::features))
                    .map(done -> priced(done, FrozenTeacher.cost(backbone, size)));
        }
    }

    /** With what the network that was measured costs. */
    private static EvaluationDone priced(EvaluationDone done, NetworkCost cost) {
        EvaluationDone.Builder priced = done.toBuilder();
        priced.getCostBuilder().mergeFrom(cost);
        return priced.build();
    }

    private StateDict weights(String subject, TrainableStudent student) {
        if (subject.equals(StudentRanking.AVERAGE)) {
            return StudentBuilder.averagedBackbone(parts.trained, student.state());
        }
        boolean calibrates =
                subject.equals(RANDOM) && parts.trained.backbone().script().isEmpty();
        return StudentBuilder.backbone(parts.trained, calibrates ? calibrated(student) : student.state());
    }

    private StudentState calibrated(TrainableStudent student) {
        int count = (int) Math.min(BatchNormCalibration.MICRO_BATCHES, plan.steps() * plan.microBatches());
        Iterator<BatchLoader.Request> requests = plan.requests(this::all, 0, 0, plan.microBatches());
        try (BatchStream batches = parts.loader.batches(requests)) {
            return BatchNormCalibration.state(parts.torch, student, parts.trained, batches, count);
        }
    }

    private BatchLoader.Request all(int epoch, int[] ids) {
        return new BatchLoader.Request(views.number(epoch), ids, views.views());
    }
}
