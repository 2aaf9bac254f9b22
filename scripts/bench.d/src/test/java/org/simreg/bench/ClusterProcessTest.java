package org.simreg.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.simreg.bench.SharedCluster.SPARE;
import static org.simreg.bench.SharedCluster.WORKERS;

import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.simreg.coordinator.node.SmallJob;
import org.simreg.coordinator.node.WorkerNode;
import org.simreg.proto.Dataset;
import org.simreg.proto.Job;
import org.simreg.proto.Progress;

/**
 * One job by {@code simreg distill}, then again and again on a cluster of processes to which
 * something happens: always the same bits, and a clean ledger.
 */
@Tag("processes")
@Timeout(240)
class ClusterProcessTest {
    static final int KILLS = Integer.getInteger("simreg.test.kills", 1);

    private final long seed = Long.getLong("simreg.test.seed", System.nanoTime());
    private final SplittableRandom random = new SplittableRandom(seed);
    private SharedCluster cluster;
    private Processes processes;

    @BeforeEach
    void aWholeCluster() throws IOException {
        cluster = SharedCluster.whole();
        processes = cluster.processes();
    }

    private void endsAsExpected(Follower events, Job job) throws IOException {
        try {
            cluster.endsAsExpected(events, job);
        } catch (AssertionError | IllegalStateException e) {
            throw new AssertionError("random seed " + seed + ": " + e.getMessage(), e);
        }
    }

    /** Anywhere within a step. */
    private void aMoment() {
        LockSupport.parkNanos(random.nextLong(Duration.ofMillis(200).toNanos()));
    }

    /** How long something is frozen decides what becomes of it. */
    private static void until(long nanos) {
        while (System.nanoTime() < nanos) {
            LockSupport.parkNanos(nanos - System.nanoTime());
        }
    }

    @Test
    @EnabledIfSystemProperty(named = "simreg.test.kills", matches = "\\d+")
    void oneWorkerThenThreeThenTwo() throws IOException {
        processes.leave("w1");
        processes.leave("w2");
        Job turns = cluster.job("turns", 300);
        try (Follower events = cluster.submit(turns)) {
            events.workers(1);
            processes.worker("w1");
            processes.worker("w2");
            events.workers(3);
            events.step();
            processes.leave("w1");
            assertTrue(Files.readString(processes.log("w1")).contains("Leaving at the end"));
            events.workers(2);
            endsAsExpected(events, turns);
        }
    }

    @Test
    @EnabledIfSystemProperty(named = "simreg.test.kills", matches = "\\d+")
    void fourWorkersOneOfThemNew() throws IOException {
        processes.worker(SPARE);
        Job four = SharedCluster.on(cluster.job("four", 30), 4, 0);
        try (Follower events = cluster.submit(four)) {
            events.workers(4);
            endsAsExpected(events, four);
        }
        processes.leave(SPARE);
    }

    @Test
    @EnabledIfSystemProperty(named = "simreg.test.kills", matches = "\\d+")
    void workersKilledAtRandomMomentsAndStartedAgain() throws IOException {
        Job job = cluster.job("killed", 150 * KILLS);
        try (Follower events = cluster.submit(job)) {
            events.workers(3);
            for (int i = 0; i < KILLS; i++) {
                long committed = events.step().progress().getStep().getStep();
                events.step(committed + random.nextInt(8));
                aMoment();
                String victim = WORKERS.get(random.nextInt(3));
                processes.kill(victim);
                processes.worker(victim);
            }
            endsAsExpected(events, job);
        }
    }

    @Test
    @EnabledIfSystemProperty(named = "simreg.test.kills", matches = "\\d+")
    void aWorkerFrozenForThreeSecondsAndOneThatIsGivenUp() throws IOException {
        Job job = cluster.job("frozen", 250);
        try (Follower events = cluster.submit(job)) {
            events.workers(3);
            events.step();
            aMoment();
            processes.freeze("w0");
            long first = System.nanoTime();
            events.workers(2);
            events.step();
            aMoment();
            processes.freeze("w1");
            long second = System.nanoTime();
            events.workers(1);
            until(second + 3_000_000_000L);
            processes.wake("w1");
            events.workers(2);
            until(first + 10_500_000_000L);
            processes.wake("w0");
            assertEquals(WorkerNode.AGAIN, processes.end("w0"));
            endsAsExpected(events, job);
        }
    }

    @Test
    void aWorkerKilledInTheMiddleThenTheCoordinatorAndThenAllAtOnce() throws IOException {
        Job job = cluster.job("restarted", 300);
        try (Follower events = cluster.submit(job)) {
            events.workers(3);
            events.step(5 + random.nextInt(5));
            aMoment();
            processes.kill(WORKERS.get(random.nextInt(3)));
            events.workers(2);
            events.step();
            aMoment();
            processes.killCoordinator();
            events.forget();
            processes.coordinator();
            // They went on, and kept what they had to say.
            events.next(Progress::hasCheckpoint);
            aMoment();
            processes.killAll();
            processes.coordinator();
            WORKERS.subList(0, 2).forEach(processes::worker);
            endsAsExpected(events, job);
        }
    }

    /** Of few kills, the bucket alone. Its line throttles, delays, cuts, drops and lies, also to a worker that is killed. */
    @Test
    @EnabledIfSystemProperty(named = "simreg.test.kills", matches = "\\d+")
    void everySourceGivesTheSameBitsOverABadLineAlsoWhenAWorkerIsKilled() throws IOException {
        List<String> sources = cluster.sources();
        cluster.line().delay(Duration.ofMillis(20));
        for (String source : KILLS > 2 ? sources : sources.subList(sources.size() - 1, sources.size())) {
            cluster.line().harm();
            String name = "source-" + sources.indexOf(source);
            // Three from the first step on: one may still be starting after a kill.
            Job job = SharedCluster.on(cluster.job(name, 30), 3, 0).toBuilder()
                    .setDataset(Dataset.newBuilder().addPath(source))
                    .build();
            try (Follower events = cluster.submit(job)) {
                events.workers(3);
                events.step(random.nextInt(3, 20));
                String victim = WORKERS.get(random.nextInt(3));
                processes.kill(victim);
                processes.worker(victim);
                endsAsExpected(events, job);
            }
            boolean far = source.contains("s3://");
            assertEquals(
                    far,
                    cluster.line().requests() > 20,
                    source + ": " + cluster.line().requests());
        }
    }

    @Test
    void picturesAndNetworksThatOnlyTheCoordinatorSees() throws IOException {
        SmallJob.pictures(processes.coordinatorDirectory().resolve("data"));
        Files.copy(cluster.teacher(), processes.coordinatorDirectory().resolve("teacher"));
        // Every process runs in a folder of its own.
        SmallJob.student(processes.coordinatorDirectory().resolve("student"));
        String here = "/proc/self/cwd/";
        Job far = SmallJob.of("far", here + "data", here + "teacher", here + "student", 30);
        try (Follower events = cluster.submit(far)) {
            endsAsExpected(events, far);
        }
    }
}
