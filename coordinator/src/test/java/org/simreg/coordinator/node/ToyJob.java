package org.simreg.coordinator.node;

import ai.djl.ndarray.NDManager;
import java.util.List;
import org.simreg.proto.EvaluationDone;
import org.simreg.proto.Job;
import org.simreg.proto.JobStarted;
import org.simreg.proto.Optimization;
import org.simreg.proto.StepDone;
import org.simreg.worker.engine.optimizer.OptimizerSettings;
import org.simreg.worker.engine.torch.Transfers;
import org.simreg.worker.engine.torchscript.StudentNetwork;
import org.simreg.worker.engine.torchscript.StudentState;
import org.simreg.worker.engine.torchscript.TrainableStudent;
import org.simreg.worker.exchange.reduce.LocalReduce;
import org.simreg.worker.exchange.reduce.Reduce;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.Op;
import org.simreg.worker.train.LoadedJob;
import org.simreg.worker.train.StepClock;
import org.simreg.worker.train.TrainingLoop;
import org.simreg.worker.train.TrainingPlan;
import org.simreg.worker.train.student.RunCheckpoint.Snapshot;

/**
 * A loaded job whose student, inputs and evaluations are toys. Everything around them is the real
 * thing: loop, reduce, checkpoints.
 */
final class ToyJob {
    static final int STEPS_PER_EPOCH = 5;

    /** A backbone and a head of a few thousand values, in tensors that leave no gaps. */
    static final StudentNetwork TRAINED =
            StudentNetwork.regression(linear("toy", 48, 48), List.of(linear("head", 48, 16)));

    /** As {@code adamw} with an average of the student has it. */
    private static final StudentState.Layout LAYOUT =
            new StudentState.Layout(TRAINED, OptimizerSettings.moments(Optimization.Optimizer.ADAMW), true);

    private static final long DIGEST_STEPS = 2;

    private ToyJob() {}

    /** A script of failures, called at points of a worker's step thread. */
    interface Script {
        /**
         * @param step 0 where it isn't known
         */
        void at(Point point, long step);
    }

    /** The points of a job's life at which a script is called. */
    enum Point {
        OPEN,
        LOAD,
        PREPARE,
        BACKWARD,
        OFFER,
        COMMIT,
        COMMITTED,
        MEASURE,
        SNAPSHOT
    }

    private static NetworkGraph linear(String name, int in, int out) {
        return new NetworkGraph(name, List.of(new NetworkGraph.Node("0", new Op.Linear(in, out), 0, -1)), in, out);
    }

    static LoadedJob open(Job asked, Script script) {
        script.at(Point.OPEN, 0);
        Job.Builder job = asked.toBuilder();
        job.getCheckpointsBuilder().setDigestSteps(DIGEST_STEPS);
        job.getOptimizationBuilder().setOptimizer(Optimization.Optimizer.ADAMW).setEmaDecay(0.9);
        TrainingPlan plan = TrainingPlan.of(
                job.build(), STEPS_PER_EPOCH * job.getOptimization().getBatch());
        LoadedJob.Resources resources = new LoadedJob.Resources();
        NDManager manager = resources.add(NDManager.newBaseManager("PyTorch"));
        ToyInputs inputs = new ToyInputs(plan, manager, script);
        return new LoadedJob(
                job.build(),
                new LoadedJob.Facts(started(job.build(), plan), "d".repeat(64)),
                new LoadedJob.Parts(
                        plan,
                        inputs,
                        new ToyEvaluations(plan.steps(), job.getEvaluation().getPatience() > 0, script),
                        new StepClock(0)),
                new Maker(job.getSeed(), manager, script),
                resources);
    }

    private static JobStarted started(Job job, TrainingPlan plan) {
        return JobStarted.newBuilder()
                .setTotalSteps(plan.steps())
                .setStepsPerEpoch(STEPS_PER_EPOCH)
                .setEpochs(job.getOptimization().getEpochs())
                .setBatch(plan.batch())
                .setTrainImages((long) STEPS_PER_EPOCH * plan.batch())
                .setDescription("a toy")
                .setDevice("toy")
                .build();
    }

    private record Maker(long seed, NDManager manager, Script script) implements LoadedJob.StudentMaker {
        @Override
        public StudentState.Layout layout() {
            return LAYOUT;
        }

        @Override
        public StudentState start() {
            return LAYOUT.begin(ToyStudent.start(seed));
        }

        @Override
        public TrainableStudent make(StudentState state) {
            return new ToyStudent(seed, state, script);
        }

        @Override
        public NDManager scope() {
            return manager.newSubManager();
        }

        @Override
        public Transfers transfers() {
            return Transfers.none(manager);
        }
    }

    /** The SHA-256 that the job ends with when one worker computes it and nothing fails. */
    static String expected(Job job) {
        try (LoadedJob alone = open(job, (point, step) -> {})) {
            alone.start();
            try (Reduce reduce = new LocalReduce(alone.scope(), alone.student()::newOut)) {
                new TrainingLoop(alone, reduce, TrainingLoop.Role.ALONE, () -> false, new Unheard()).run();
            }
            return alone.snapshot().sha256();
        }
    }

    private static final class Unheard implements TrainingLoop.Events {
        @Override
        public void committed(StepDone done, String sha256) {}

        @Override
        public void measured(EvaluationDone done) {}

        @Override
        public void checkpoint(Snapshot snapshot) {}

        @Override
        public void trained(Snapshot end) {}
    }
}
