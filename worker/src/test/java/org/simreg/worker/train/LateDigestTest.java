package org.simreg.worker.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.simreg.proto.EvaluationDone;
import org.simreg.proto.Job;
import org.simreg.proto.JobSettings;
import org.simreg.proto.JobStarted;
import org.simreg.proto.Network;
import org.simreg.proto.StepDone;
import org.simreg.worker.base.concurrent.Abandoned;
import org.simreg.worker.engine.torch.LateCopies;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.engine.torch.Transfers;
import org.simreg.worker.engine.torchscript.StudentNetwork;
import org.simreg.worker.engine.torchscript.StudentState;
import org.simreg.worker.engine.torchscript.TrainableStudent;
import org.simreg.worker.exchange.reduce.LocalReduce;
import org.simreg.worker.exchange.reduce.Reduce;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.Op;
import org.simreg.worker.train.student.RunCheckpoint;

/** What is told, and when, of a step whose state is copied and hashed while the next one computes. */
class LateDigestTest {
    private static final int STEPS = 4;

    /** Steps of a digest. */
    private static final long EVERY = 2;

    private final List<String> said = new ArrayList<>();
    private RuntimeException failure;

    /** A student that says what it is asked for. */
    private final class Student implements TrainableStudent {
        private final StudentState state;
        private int passes;
        private int updates;

        Student(StudentState state) {
            this.state = state;
        }

        @Override
        public NDArray newOut(NDManager scope) {
            return scope.zeros(new Shape(1));
        }

        @Override
        public void backward(NDArray images, NDArray[] targets, NDArray out, long seed) {
            said.add("backward " + ++passes);
            if (failure != null && passes == EVERY + 1) {
                throw failure;
            }
        }

        @Override
        public float loss(NDArray out) {
            return 1;
        }

        @Override
        public Supplier<String> digestAhead() {
            said.add("copied " + updates);
            String digest = "digest of " + updates;
            return () -> digest;
        }

        @Override
        public OptionalDouble update(NDArray mean, Rates rates) {
            said.add("update " + ++updates);
            return OptionalDouble.empty();
        }

        @Override
        public NDArray project(NDManager scope, NDArray images) {
            throw new UnsupportedOperationException("no momentum teacher");
        }

        @Override
        public StudentState state() {
            return state;
        }

        @Override
        public void close() {}
    }

    /** One micro-batch a step, of nothing. */
    private record Inputs(NDArray nothing) implements StepInputs, StepInputs.MicroBatch {
        @Override
        public int passes() {
            return 1;
        }

        @Override
        public void share(int first, int count) {}

        @Override
        public void prepare(long step) {}

        @Override
        public List<MicroBatch> of(long step) {
            return List.of(this);
        }

        @Override
        public void release(long step) {}

        @Override
        public void clear() {}

        @Override
        public int leaf() {
            return 0;
        }

        @Override
        public NDArray images() {
            return nothing;
        }

        @Override
        public NDArray[] targets(TrainableStudent student) {
            return new NDArray[0];
        }

        @Override
        public long draws() {
            return 0;
        }
    }

    private final class Maker implements LoadedJob.StudentMaker {
        private final Torch torch;

        Maker(Torch torch) {
            this.torch = torch;
        }

        @Override
        public StudentState.Layout layout() {
            NetworkGraph linear =
                    new NetworkGraph("toy", List.of(new NetworkGraph.Node("0", new Op.Linear(1, 1), 0, -1)), 1, 1);
            return new StudentState.Layout(
                    StudentNetwork.regression(linear, List.of(linear)), List.of("momentum"), false);
        }

        @Override
        public StudentState start() {
            return layout().zeros();
        }

        @Override
        public TrainableStudent make(StudentState state) {
            return new Student(state);
        }

        @Override
        public NDManager scope() {
            return torch.scope();
        }

        @Override
        public Transfers transfers() {
            return torch.transfers();
        }
    }

    private final class Listener implements TrainingLoop.Events {
        @Override
        public void committed(StepDone done, String sha256) {
            said.add("step " + done.getStep() + (sha256.isEmpty() ? "" : ", " + sha256));
        }

        @Override
        public void measured(EvaluationDone done) {
            throw new IllegalStateException("nothing is measured");
        }

        @Override
        public void checkpoint(RunCheckpoint.Snapshot snapshot) {
            said.add("checkpoint " + snapshot.step());
        }

        @Override
        public void trained(RunCheckpoint.Snapshot end) {
            said.add("trained " + end.step());
        }
    }

    private void train(Torch torch, long checkpoints, BooleanSupplier halted) {
        Job.Builder asked = SmallRun.job("teacher.safetensors");
        asked.getStudentBuilder().setNetwork(Network.RESNET18);
        asked.getOptimizationBuilder().setEpochs(1).setMaxSteps(STEPS);
        asked.getCheckpointsBuilder().setDigestSteps(EVERY).setEverySteps(checkpoints);
        Job job = JobSettings.complete(asked.build());
        TrainingPlan plan = TrainingPlan.of(job, STEPS * job.getOptimization().getBatch());
        try (NDManager scope = torch.scope();
                LoadedJob loaded = new LoadedJob(
                        job,
                        new LoadedJob.Facts(JobStarted.getDefaultInstance(), ""),
                        new LoadedJob.Parts(
                                plan, new Inputs(scope.zeros(new Shape(1))), Evaluations.NONE, new StepClock(1)),
                        new Maker(torch),
                        new LoadedJob.Resources())) {
            loaded.start();
            try (Reduce reduce = new LocalReduce(loaded.scope(), loaded.student()::newOut)) {
                new TrainingLoop(loaded, reduce, TrainingLoop.Role.ALONE, halted, new Listener()).run();
            }
        }
    }

    @Test
    void aStepIsToldWhenTheNextOneComputes() {
        try (Torch torch = LateCopies.device()) {
            train(torch, STEPS + 1, () -> false);
        }
        assertEquals(
                List.of(
                        "backward 1",
                        "update 1",
                        "step 1",
                        "backward 2",
                        "update 2",
                        "copied 2",
                        "backward 3",
                        "step 2, digest of 2",
                        "update 3",
                        "step 3",
                        "backward 4",
                        "update 4",
                        "copied 4",
                        "step 4, digest of 4",
                        "trained 4"),
                said);
    }

    @Test
    void onTheHostItIsToldAtOnce() {
        try (Torch torch = new Torch("cpu", 1)) {
            train(torch, STEPS + 1, () -> false);
        }
        int copied = said.indexOf("copied 2");
        assertEquals(List.of("step 2, digest of 2", "backward 3"), said.subList(copied + 1, copied + 3));
    }

    @Test
    void aCheckpointComesBehindItsStep() {
        try (Torch torch = LateCopies.device()) {
            train(torch, 2, () -> false);
        }
        int copied = said.indexOf("copied 2");
        assertEquals(
                List.of("step 2, digest of 2", "checkpoint 2", "backward 3"), said.subList(copied + 1, copied + 4));
    }

    @Test
    void aStepThatWasTakenIsToldBeforeTheLoopEnds() {
        try (Torch torch = LateCopies.device()) {
            assertThrows(Abandoned.class, () -> train(torch, STEPS + 1, () -> said.contains("copied 2")));
            assertEquals("step 2, digest of 2", said.get(said.size() - 1), "halted before the next step");
            said.clear();
            assertThrows(Abandoned.class, () -> train(torch, STEPS + 1, () -> said.contains("step 2, digest of 2")));
            assertEquals(
                    List.of("backward 3", "step 2, digest of 2"),
                    said.subList(said.size() - 2, said.size()),
                    "halted as soon as it was told");
            said.clear();
            failure = new IllegalStateException("the next step fails");
            assertSame(failure, assertThrows(IllegalStateException.class, () -> train(torch, STEPS + 1, () -> false)));
            assertEquals("step 2, digest of 2", said.get(said.size() - 1), "failed in the next step");
        }
    }
}
