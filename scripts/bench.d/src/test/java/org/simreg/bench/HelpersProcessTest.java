package org.simreg.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.simreg.bench.SharedCluster.WORKERS;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.simreg.coordinator.grpc.client.JobFinder;
import org.simreg.proto.Job;
import org.simreg.proto.JobRequest;
import org.simreg.proto.JobStatus;

/** Helpers as processes that are killed, frozen and started again: the member trains on, in one generation, to its bits. */
@Tag("processes")
@Timeout(600)
class HelpersProcessTest {
    private static final int STEPS = Math.min(SharedCluster.MOST, 200 * ClusterProcessTest.KILLS);

    private final long seed = Long.getLong("simreg.test.seed", System.nanoTime());
    private final SplittableRandom random = new SplittableRandom(seed);
    private SharedCluster cluster;
    private Processes processes;

    @BeforeEach
    void aWholeCluster() throws IOException {
        cluster = SharedCluster.whole();
        processes = cluster.processes();
    }

    /** A job of one member, whom both others help. */
    private static Job helped(Job job) {
        Job.Builder placed = SharedCluster.on(job, 1, 1).toBuilder();
        placed.getPlacementBuilder().setMaxHelpers(WORKERS.size() - 1);
        return placed.build();
    }

    private JobStatus status(String name) {
        return cluster.client()
                .ask(jobs -> jobs.get(JobRequest.newBuilder().setId(name).build()));
    }

    private JobStatus await(String id, Predicate<JobStatus> wanted) {
        List<JobStatus> last = new ArrayList<>(List.of(status(id)));
        cluster.until(
                () -> {
                    last.set(0, status(id));
                    return wanted.test(last.get(0));
                },
                () -> "seed " + seed + ", " + last);
        return last.get(0);
    }

    @Test
    @EnabledIfSystemProperty(named = "simreg.test.kills", matches = "\\d+")
    void killedFrozenAndStartedAgainTheyCostNoGenerationAndNoBit() throws IOException {
        Job job = helped(cluster.job("helped", STEPS));
        try (Follower events = cluster.submit(job)) {
            String member = events.workers(1).getWorkers(0);
            List<String> helpers =
                    WORKERS.stream().filter(name -> !name.equals(member)).toList();
            String id = JobFinder.newest(cluster.client(), List.of(), 1).get(0).getId();
            await(id, now -> now.getHelpersList().stream().anyMatch(helper -> helper.getShare() > 0));
            for (int i = 0; i < ClusterProcessTest.KILLS; i++) {
                String killed = helpers.get(random.nextInt(helpers.size()));
                String frozen = helpers.get(1 - helpers.indexOf(killed));
                events.step(events.step().progress().getStep().getStep() + random.nextInt(8));
                processes.freeze(frozen);
                LockSupport.parkNanos(random.nextLong(50_000_000));
                processes.kill(killed);
                // Without help the member computes everything itself.
                events.step();
                processes.wake(frozen);
                processes.worker(killed);
            }
            cluster.endsAsExpected(events, job);
            assertEquals(1, status(id).getGeneration(), "seed " + seed + ", " + cluster.circumstances());
        }
    }
}
