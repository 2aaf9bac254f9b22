package org.simreg.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.simreg.bench.SharedCluster.WORKERS;

import java.io.IOException;
import java.util.List;
import java.util.SortedMap;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.simreg.coordinator.run.audit.Audit;
import org.simreg.proto.Job;
import org.simreg.proto.JobState;
import org.simreg.proto.Network;
import org.simreg.proto.Optimization;
import org.simreg.proto.Optimization.Optimizer;

/**
 * A vision transformer by AdamW and a network with squeeze-and-excitation by LARS, both with drop path and an average of
 * the student, on one worker, on two, and on three that are killed, with the coordinator too: always the same bits.
 */
@Tag("processes")
@Timeout(900)
@EnabledIfSystemProperty(named = "simreg.test.networks", matches = "all")
class StudentsProcessTest {
    private static final int KILLS = Integer.getInteger("simreg.test.kills", 1);

    private static final int STEPS = 6 + 6 * KILLS;

    private final long seed = Long.getLong("simreg.test.seed", System.nanoTime());
    private final SplittableRandom random = new SplittableRandom(seed);

    @ParameterizedTest
    @CsvSource({"VIT_TI16, ADAMW", "EFFICIENTNET_B0, LARS"})
    void anyNumberOfWorkersAndAnyKillGiveTheSameBits(Network student, Optimizer optimizer) throws IOException {
        SharedCluster cluster = SharedCluster.whole();
        SortedMap<Integer, String> alone =
                steps(cluster, SharedCluster.on(job(cluster, "one", student, optimizer), 1, 1));
        assertEquals(STEPS, alone.size());
        assertTrue(alone.get(STEPS).matches(".*\"\\w{64}\""), "the last state has a digest");
        assertEquals(
                alone, steps(cluster, SharedCluster.on(job(cluster, "two", student, optimizer), 2, 2)), "two workers");
        assertEquals(alone, killed(cluster, job(cluster, "killed", student, optimizer)), "random seed " + seed);
    }

    private static Job job(SharedCluster cluster, String name, Network student, Optimizer optimizer) {
        Job.Builder job = cluster.job(name + "-" + optimizer, STEPS).toBuilder();
        job.getStudentBuilder().clearModule().setNetwork(student).setDropPath(0.3);
        Optimization.Builder optimization = job.getOptimizationBuilder();
        optimization.setOptimizer(optimizer).clearLr().setWarmupSteps(3);
        job.getCheckpointsBuilder().setEverySteps(4).setDigestSteps(3);
        return job.build();
    }

    private static SortedMap<Integer, String> steps(SharedCluster cluster, Job job) throws IOException {
        try (Follower events = cluster.submit(job)) {
            return ended(cluster, events, job);
        }
    }

    private static SortedMap<Integer, String> ended(SharedCluster cluster, Follower events, Job job)
            throws IOException {
        events.state(JobState.SUCCEEDED);
        assertEquals(List.of(), Audit.of(cluster.run(job)).violations(), cluster.circumstances());
        return RunSteps.of(cluster.run(job));
    }

    private SortedMap<Integer, String> killed(SharedCluster cluster, Job job) throws IOException {
        Processes processes = cluster.processes();
        try (Follower events = cluster.submit(job)) {
            events.workers(3);
            for (int i = 0; i < KILLS; i++) {
                long committed = events.step().progress().getStep().getStep();
                events.step(committed + random.nextInt(4));
                String victim = WORKERS.get(random.nextInt(3));
                processes.kill(victim);
                processes.worker(victim);
            }
            events.step();
            processes.killAll();
            events.forget();
            processes.coordinator();
            WORKERS.forEach(processes::worker);
            return ended(cluster, events, job);
        }
    }
}
