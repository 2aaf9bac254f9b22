package org.simreg.coordinator.node;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.simreg.proto.EvaluationDone;
import org.simreg.proto.Generation.Measurement;
import org.simreg.proto.Job;
import org.simreg.proto.JobStarted;
import org.simreg.proto.KnnScore;
import org.simreg.proto.StepDone;
import org.simreg.worker.checkpoint.Checkpoints;
import org.simreg.worker.checkpoint.HostTensor;
import org.simreg.worker.checkpoint.Safetensors;
import org.simreg.worker.checkpoint.StateDict;
import org.simreg.worker.distill.Training;
import org.simreg.worker.reduce.Reduce;
import org.simreg.worker.torchscript.StudentState;

/**
 * A training whose arithmetic is a few thousand float additions: momentum SGD on a gradient that
 * depends on weights, step and micro-batch, and whose sum depends on the order of the additions.
 * Everything around it is the real thing.
 */
final class ToyTraining implements Training {
    static final int LENGTH = 3000;
    static final int STEPS_PER_EPOCH = 5;
    private static final int PASSES = 2;

    private final NDManager manager = NDManager.newBaseManager("PyTorch");
    private final Job job;
    private final Script script;
    private final float[] weights = new float[LENGTH];
    private final float[] momentum = new float[LENGTH];
    private long committed;
    private int first;
    private int count;

    /** What goes wrong where: called on a worker's step thread. */
    interface Script {
        void at(Point point, long step);
    }

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

    ToyTraining(Job job, Script script) {
        this.job = job;
        this.script = script;
        script.at(Point.OPEN, 0);
    }

    /** What the job ends with when one worker computes everything and nothing goes wrong. */
    static String expected(Job job) {
        try (ToyTraining alone = new ToyTraining(job, (point, step) -> {});
                Reduce reduce =
                        new org.simreg.worker.reduce.LocalReduce(alone.scope(), alone::newOut)) {
            alone.start();
            alone.share(0, alone.microBatches());
            while (alone.committed() < alone.steps()) {
                Reduce.Round round = reduce.begin(alone.committed(), alone.microBatches() * PASSES);
                alone.backward(round);
                alone.commit(round.mean().get());
            }
            return alone.snapshot().sha256();
        } catch (InterruptedException | java.util.concurrent.ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public JobStarted started() {
        return JobStarted.newBuilder()
                .setTotalSteps(steps())
                .setStepsPerEpoch(STEPS_PER_EPOCH)
                .setEpochs(job.getOptimization().getEpochs())
                .setBatch(job.getOptimization().getBatch())
                .setTrainImages(STEPS_PER_EPOCH * job.getOptimization().getBatch())
                .setDescription("a toy")
                .setDevice("toy")
                .build();
    }

    @Override
    public String dataSha256() {
        return "d".repeat(64);
    }

    @Override
    public int microBatches() {
        return job.getOptimization().getMicroBatches();
    }

    @Override
    public int passes() {
        return PASSES;
    }

    @Override
    public long steps() {
        return (long) STEPS_PER_EPOCH * job.getOptimization().getEpochs();
    }

    @Override
    public NDManager scope() {
        return manager.newSubManager();
    }

    @Override
    public NDArray newOut(NDManager scope) {
        return scope.zeros(new Shape(LENGTH + 1));
    }

    @Override
    public long committed() {
        return committed;
    }

    @Override
    public void rehearse() {}

    @Override
    public void start() {
        script.at(Point.LOAD, 0);
        for (int i = 0; i < LENGTH; i++) {
            weights[i] = noise(job.getSeed(), i, 0, 0);
            momentum[i] = 0;
        }
        committed = 0;
    }

    @Override
    public void load(long step, StudentState state) {
        script.at(Point.LOAD, step);
        System.arraycopy(state.weights(), 0, weights, 0, LENGTH);
        System.arraycopy(state.momentum(), 0, momentum, 0, LENGTH);
        committed = step;
    }

    @Override
    public void load(Path checkpoint) {
        StateDict tensors = Checkpoints.read(checkpoint);
        StudentState state =
                new StudentState(
                        tensors.get("weights").floats(),
                        tensors.get("momentum").floats(),
                        new float[0],
                        new float[0]);
        load(Long.parseLong(Safetensors.metadata(checkpoint).get("step")), state);
    }

    @Override
    public void share(int first, int count) {
        this.first = first;
        this.count = count;
    }

    @Override
    public void prepare(long step) {
        script.at(Point.PREPARE, step);
    }

    @Override
    public void backward(Reduce.Round round) {
        script.at(Point.BACKWARD, committed);
        for (int leaf = first * PASSES; leaf < (first + count) * PASSES; leaf++) {
            float[] gradient = new float[LENGTH + 1];
            for (int i = 0; i < LENGTH; i++) {
                gradient[i] = 0.03f * weights[i] + noise(job.getSeed(), i, leaf + 1, committed + 1);
            }
            gradient[LENGTH] = 1 + noise(3, 0, leaf, committed);
            round.vector().set(FloatBuffer.wrap(gradient));
            round.offer(leaf);
            script.at(Point.OFFER, committed);
        }
    }

    @Override
    public StepDone commit(NDArray mean) {
        script.at(Point.COMMIT, committed);
        float[] gradient = mean.toFloatArray();
        for (int i = 0; i < LENGTH; i++) {
            momentum[i] = 0.9f * momentum[i] + gradient[i];
            weights[i] -= 0.05f * momentum[i];
        }
        committed++;
        script.at(Point.COMMITTED, committed);
        return StepDone.newBuilder()
                .setStep(committed)
                .setEpoch((int) ((committed - 1) / STEPS_PER_EPOCH) + 1)
                .setLoss(gradient[LENGTH])
                .setImages(job.getOptimization().getBatch())
                .build();
    }

    @Override
    public void pause() {}

    @Override
    public List<Measurement> due() {
        return committed == steps() || committed == STEPS_PER_EPOCH
                ? List.of(
                        Measurement.newBuilder()
                                .setSubject("student")
                                .setEpoch((int) (committed / STEPS_PER_EPOCH))
                                .build())
                : List.of();
    }

    @Override
    public EvaluationDone measure(Measurement what, BooleanSupplier stop) {
        script.at(Point.MEASURE, committed);
        return EvaluationDone.newBuilder()
                .setSubject(what.getSubject())
                .setEpoch(what.getEpoch())
                .addKnn(KnnScore.newBuilder().setK(1).setAccuracy(0.5))
                .build();
    }

    @Override
    public boolean digestDue() {
        return committed % 2 == 0 || committed == steps();
    }

    @Override
    public boolean checkpointDue() {
        long every = job.getCheckpoints().getEverySteps();
        return committed == steps() || every > 0 && committed % every == 0;
    }

    @Override
    public Snapshot snapshot() {
        script.at(Point.SNAPSHOT, committed);
        StudentState state =
                new StudentState(weights.clone(), momentum.clone(), new float[0], new float[0]);
        long step = committed;
        return new Snapshot() {
            @Override
            public long step() {
                return step;
            }

            @Override
            public StudentState state() {
                return state;
            }

            @Override
            public String sha256() {
                return state.sha256();
            }

            @Override
            public void write(Path file) {
                StateDict tensors =
                        StateDict.of(
                                Map.of(
                                        "weights", HostTensor.of(state.weights(), LENGTH),
                                        "momentum", HostTensor.of(state.momentum(), LENGTH)));
                Map<String, String> metadata =
                        Map.of(
                                "step", String.valueOf(step),
                                "job", "{}",
                                "profile", "toy",
                                "images", "1",
                                "sha256", sha256());
                Safetensors.write(file, tensors, metadata);
            }
        };
    }

    /** In [-1, 1), all 24 bits of it. */
    private static float noise(long seed, long a, long b, long c) {
        long x = seed * 0x9e3779b97f4a7c15L + a * 0xbf58476d1ce4e5b9L + b * 0x94d049bb133111ebL;
        x += c * 0xd6e8feb86659fd93L;
        x = (x ^ x >>> 30) * 0xbf58476d1ce4e5b9L;
        x = (x ^ x >>> 27) * 0x94d049bb133111ebL;
        return ((x ^ x >>> 31) >> 40) * 0x1p-23f;
    }

    @Override
    public void close() {
        manager.close();
    }
}
