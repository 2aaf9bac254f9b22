package org.simreg.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.simreg.bench.SharedCluster.WORKERS;

import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.simreg.proto.Job;
import org.simreg.proto.JobState;

/**
 * Processes that are asked to go, by SIGTERM, while a job runs: no step is lost or done twice, and
 * the end has the bits of a run that nobody disturbed.
 */
@Tag("processes")
@Timeout(240)
class DrainProcessTest {
    private static final int STEPS = 200;
    private static final int SIGTERM = 143;

    private SharedCluster cluster;
    private Processes processes;

    @BeforeEach
    void aWholeCluster() throws IOException {
        cluster = SharedCluster.whole();
        processes = cluster.processes();
    }

    private void endsUndisturbed(Follower events, Job job) throws IOException {
        cluster.endsAsExpected(events, job);
        String ledger = Files.readString(cluster.run(job).resolve("ledger.jsonl"));
        assertFalse(ledger.contains("\"rewind\""), "steps again, " + cluster.circumstances());
    }

    @Test
    @EnabledIfSystemProperty(named = "simreg.test.kills", matches = "\\d+")
    void oneAfterTheOtherAndTheCoordinatorAreStartedAgain() throws IOException {
        // It waits for the one that is being started, so that it lasts until all have been.
        Job job = SharedCluster.on(cluster.job("rolling", STEPS), 3, 0);
        try (Follower events = cluster.submit(job)) {
            for (String name : WORKERS.subList(0, 2)) {
                events.workers(3);
                events.step();
                assertEquals(SIGTERM, processes.leave(name));
                processes.worker(name);
            }
            events.workers(3);
            events.step();
            processes.leaveCoordinator();
            processes.coordinator();
            endsUndisturbed(events, job);
        }
    }

    @Test
    @EnabledIfSystemProperty(named = "simreg.test.kills", matches = "\\d+")
    void anyOneGoesForGoodAndAtLastTheOneThatIsLeft() throws IOException {
        Job job = cluster.job("fewer", STEPS);
        try (Follower events = cluster.submit(job)) {
            events.workers(3);
            events.step();
            processes.ask("w1");
            assertEquals(Set.of("w0", "w2"), Set.copyOf(events.workers(2).getWorkersList()));
            events.step();
            processes.ask("w0");
            assertEquals(List.of("w2"), events.workers(1).getWorkersList());
            processes.ask("w2");
            events.state(JobState.QUEUED);
            for (String name : WORKERS) {
                assertEquals(SIGTERM, processes.end(name));
            }
            processes.worker("w0");
            endsUndisturbed(events, job);
        }
    }
}
