package org.simreg.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.simreg.bench.SharedCluster.WORKERS;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.simreg.coordinator.grpc.client.JobFinder;
import org.simreg.coordinator.node.SmallJob;
import org.simreg.proto.Job;
import org.simreg.proto.JobRequest;
import org.simreg.proto.JobState;
import org.simreg.proto.JobStatus;
import org.simreg.proto.ListWorkersRequest;
import org.simreg.proto.WorkerStatus;

/** Helpers as processes that are killed, frozen and started again: the member trains on, in one generation, to its bits. */
@Tag("processes")
@Timeout(600)
class HelpersProcessTest {
    private static final int STEPS = Math.min(SharedCluster.MOST, 200 * ClusterProcessTest.KILLS);

    /** So many that a helper has loaded its teacher long before the last. */
    private static final int SOME_STEPS = 100;

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

    /** Of two teachers, on one member. */
    private Job twoTeachers(String name, Path second, int helpers) {
        Job.Builder job = SharedCluster.on(cluster.job(name, SOME_STEPS), 1, 1).toBuilder();
        job.addTeachers(job.getTeachers(0).toBuilder().setSource(second.toString()));
        job.getPlacementBuilder().setMaxHelpers(helpers);
        return job.build();
    }

    @Test
    @EnabledIfSystemProperty(named = "simreg.test.kills", matches = "[1-9]\\d*")
    void oneThatOnlyHelpsWithOneOfTwoTeachersAndIsKilledCostsNoGenerationAndNoBit() throws IOException {
        Path second = SmallJob.teacher(cluster.file("second.safetensors"), 2);
        Job alone = twoTeachers("two-alone", second, 0);
        try (Follower events = cluster.submit(alone)) {
            events.state(JobState.SUCCEEDED);
        }
        processes.worker(SharedCluster.SPARE, List.of("--teachers=1"));
        cluster.until(() -> worker(SharedCluster.SPARE).isPresent(), () -> "it does not attend");
        assertEquals(1, worker(SharedCluster.SPARE).orElseThrow().getTeachers());
        Job job = twoTeachers("two-helped", second, 1);
        try (Follower events = cluster.submit(job)) {
            events.workers(1);
            String id = JobFinder.newest(cluster.client(), List.of(), 1).get(0).getId();
            JobStatus helped = await(
                    id,
                    now -> now.getHelpersList().stream()
                            .anyMatch(
                                    helper -> helper.getWorker().equals(SharedCluster.SPARE) && helper.getShare() > 0));
            assertEquals(List.of(0), helped.getHelpers(0).getTeachersList());
            processes.kill(SharedCluster.SPARE);
            events.step();
            events.state(JobState.SUCCEEDED);
            assertEquals(1, status(id).getGeneration(), cluster.circumstances());
        }
        assertEquals(RunSteps.of(cluster.run(alone)), RunSteps.of(cluster.run(job)), cluster.circumstances());
    }

    private Optional<WorkerStatus> worker(String name) {
        ListWorkersRequest all = ListWorkersRequest.getDefaultInstance();
        return cluster.client().ask(jobs -> jobs.listWorkers(all)).getWorkersList().stream()
                .filter(one -> one.getWorker().equals(name))
                .findFirst();
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
