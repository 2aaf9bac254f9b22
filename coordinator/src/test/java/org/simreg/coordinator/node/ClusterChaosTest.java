package org.simreg.coordinator.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.Vertx;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.coordinator.run.audit.Audit;
import org.simreg.proto.BestStudent;
import org.simreg.proto.Job;
import org.simreg.proto.JobRequest;
import org.simreg.proto.JobSettings;
import org.simreg.proto.JobState;
import org.simreg.proto.JobStatus;
import org.simreg.proto.Reduction.Transport;
import org.simreg.proto.UserError;
import org.simreg.worker.train.student.RunCheckpoint;

/**
 * Chaos on a real coordinator, real workers and real transports in one JVM: random joins, leaves,
 * kills and freezes at any point of a step, and restarts of the coordinator: one SHA-256, a clean
 * ledger, and where a job has patience one end and one best student, whose checkpoint is kept.
 */
class ClusterChaosTest {
    private static final int SCHEDULES = Integer.getInteger("simreg.schedules", 20);
    private static final int PATIENCE = 2;
    private static final Duration DEADLINE = Duration.ofSeconds(60);

    @TempDir
    static Path folder;

    private static Vertx vertx;

    @BeforeAll
    static void open() {
        vertx = VertxInstances.alone();
    }

    @AfterAll
    static void close() {
        vertx.close().toCompletionStage().toCompletableFuture().join();
    }

    private static Job job(Path out, int microBatches, long seed) {
        Job.Builder job = Job.newBuilder().setName("toy").setSeed(seed);
        job.getDatasetBuilder().addPath("pictures");
        job.addTeachersBuilder().setSource("self");
        job.getOptimizationBuilder().setEpochs(3).setBatch(4 * microBatches).setMicroBatches(microBatches);
        job.getCheckpointsBuilder().setOutput(out.toString()).setEverySteps(4);
        if (seed / 2 % 2 == 0) {
            job.getOptimizationBuilder().setEpochs(8).setEmaDecay(0.9);
            job.getCheckpointsBuilder().setKeepBest(1);
            job.getEvaluationBuilder().setEveryEpochs(1).setPatience(PATIENCE);
        }
        job.getReduceBuilder().setTransport(seed % 2 == 0 ? Transport.NETTY : Transport.EVENTBUS);
        return JobSettings.complete(job.build());
    }

    @Test
    void noScheduleOfTroubleChangesTheResult() throws Exception {
        long first = Long.getLong("simreg.seed", System.nanoTime() >>> 8 << 8);
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            List<Future<?>> schedules = new ArrayList<>();
            LongStream.range(first, first + SCHEDULES).forEach(seed -> schedules.add(threads.submit(() -> run(seed))));
            List<String> failures = new ArrayList<>();
            for (Future<?> schedule : schedules) {
                try {
                    schedule.get();
                } catch (ExecutionException e) {
                    failures.add(e.getCause().toString());
                }
            }
            assertEquals(List.of(), failures);
        } finally {
            threads.shutdownNow();
        }
    }

    /** Its stream is silent from the measurement on, and the coordinator takes it for lost. */
    @Test
    void aLeaderThatIsLostBeforeItsMeasurementIsHeardTakesNothingAlong() throws IOException {
        Path out = Files.createDirectories(folder.resolve("leaders"));
        Job job = job(out.resolve("run"), 4, 0);
        AtomicInteger left = new AtomicInteger(5);
        ToyWorker.Mischief silent = new ToyWorker.Mischief() {
            @Override
            public void at(ToyWorker worker, ToyJob.Point point, long step) {}

            @Override
            public boolean breaksAtMeasurement(ToyWorker worker) {
                return left.getAndDecrement() > 0;
            }
        };
        try (ToyCluster cluster = new ToyCluster(out, vertx)) {
            String id = cluster.submit(job).getId();
            for (int i = 0; i < 3; i++) {
                cluster.worker("w" + i, silent);
            }
            JobStatus end = cluster.await(id, DEADLINE, Schedule::ended);
            assertTrue(left.get() <= 0);
            assertEquals(expected(job), end.getSha256());
            endedEarly(end, out);
        }
    }

    /** The best student is the same, it is kept, and the job has ended by it. */
    private static void endedEarly(JobStatus end, Path out) {
        long best = (long) ToyEvaluations.BEST * ToyJob.STEPS_PER_EPOCH;
        assertEquals(best + PATIENCE * ToyJob.STEPS_PER_EPOCH, end.getStep(), end.getReason());
        assertEquals(
                BestStudent.newBuilder()
                        .setSubject("student average")
                        .setEpoch(ToyEvaluations.BEST)
                        .setStep(best)
                        .setK(1)
                        .setAccuracy(0.5)
                        .build(),
                end.getBest());
        assertTrue(Files.exists(out.resolve("run/checkpoints").resolve(RunCheckpoint.fileName(best))));
    }

    private static final Map<List<Long>, String> EXPECTED = new HashMap<>();

    private static String expected(Job job) {
        List<Long> key = List.of((long) job.getOptimization().getMicroBatches(), job.getSeed());
        synchronized (EXPECTED) {
            return EXPECTED.computeIfAbsent(key, ignored -> ToyJob.expected(job));
        }
    }

    private static void run(long seed) {
        try {
            new Schedule(seed).run();
        } catch (Throwable e) {
            throw new AssertionError("schedule of seed " + seed + ": " + e, e);
        }
    }

    /** One random schedule of disturbances, drawn from a seed, with its cluster. */
    private static final class Schedule {
        private final SplittableRandom random;
        private final Job job;
        private final Path out;
        private int started;
        private int troubles;

        Schedule(long seed) {
            random = new SplittableRandom(seed);
            troubles = random.nextInt(6);
            try {
                out = Files.createDirectories(folder.resolve(String.valueOf(seed)));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            job = job(out.resolve("run"), 1 + random.nextInt(6), seed & 7);
        }

        void run() {
            try (ToyCluster cluster = new ToyCluster(out, vertx)) {
                JobStatus submitted = cluster.submit(job);
                String id = submitted.getId();
                int workers = 1 + random.nextInt(4);
                for (int i = 0; i < workers; i++) {
                    start(cluster);
                }
                JobStatus end = cluster.status(id);
                while (!ended(end)) {
                    long step = end.getStep() + 1 + random.nextInt(5);
                    end = cluster.await(
                            id,
                            DEADLINE,
                            now -> now.getStep() >= step
                                    || ended(now)
                                    || cluster.alive().isEmpty());
                    if (cluster.alive().isEmpty()) {
                        start(cluster);
                    } else if (!ended(end)) {
                        disturb(cluster, id);
                    }
                    end = cluster.status(id);
                }
                assertEquals(JobState.SUCCEEDED, end.getState(), end.getReason());
                assertEquals(expected(job), end.getSha256());
                if (job.getEvaluation().getPatience() > 0) {
                    endedEarly(end, out);
                }
                assertEquals(List.of(), Audit.of(out.resolve("run")).violations());
            }
        }

        private static boolean ended(JobStatus status) {
            return status.getState().getNumber() >= JobState.SUCCEEDED.getNumber();
        }

        private void start(ToyCluster cluster) {
            cluster.worker("w" + started++, this::mischief);
        }

        /** At any point of any worker's step, now and then. */
        private synchronized void mischief(ToyWorker worker, ToyJob.Point point, long step) {
            if (troubles == 0 || random.nextInt(60) > 0) {
                return;
            }
            troubles--;
            if (random.nextBoolean()) {
                worker.kill();
            } else {
                worker.freeze();
                int delay = 50 + random.nextInt(1200);
                vertx.setTimer(
                        delay,
                        ignored -> vertx.executeBlocking(
                                () -> {
                                    worker.wake();
                                    return null;
                                },
                                false));
            }
        }

        private void disturb(ToyCluster cluster, String id) {
            List<ToyWorker> alive = cluster.alive();
            switch (random.nextInt(8)) {
                case 0, 1, 2 -> start(cluster);
                case 3 -> alive.get(random.nextInt(alive.size())).kill();
                case 4 -> alive.get(random.nextInt(alive.size())).leave();
                case 5 -> {
                    cluster.stopCoordinator();
                    cluster.startCoordinator();
                }
                case 6 -> {
                    if (random.nextInt(3) == 0) {
                        alive.forEach(ToyWorker::kill);
                    }
                }
                default -> pause(cluster, id);
            }
        }

        private static void pause(ToyCluster cluster, String id) {
            JobRequest request = JobRequest.newBuilder().setId(id).build();
            try {
                cluster.client().ask(jobs -> jobs.pause(request));
            } catch (UserError e) {
                return; // it has ended meanwhile
            }
            JobStatus now =
                    cluster.await(id, DEADLINE, status -> status.getState() == JobState.PAUSED || ended(status));
            if (!ended(now)) {
                cluster.client().ask(jobs -> jobs.resume(request));
            }
        }
    }
}
