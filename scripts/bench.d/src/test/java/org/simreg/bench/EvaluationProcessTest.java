package org.simreg.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.simreg.bench.SharedCluster.WORKERS;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.simreg.coordinator.run.log.EventJson;
import org.simreg.proto.EvaluationDone;
import org.simreg.proto.Job;
import org.simreg.proto.Progress;

/** Evaluations of some batches on one worker, shared by three, and by three that are killed meanwhile: the same numbers. */
@EnabledIfSystemProperty(named = "simreg.test.kills", matches = "\\d+")
@Tag("processes")
@Timeout(300)
class EvaluationProcessTest {
    private static final Path SAMPLE = Path.of("..", "sample").toAbsolutePath().normalize();

    private static final int KILLS = Math.min(Integer.getInteger("simreg.test.kills", 1), 3);

    /** At most those of the run beside which the cluster looks at others. */
    private static final int STEPS = Math.min(10 + 10 * KILLS, 30);

    private final long seed = Long.getLong("simreg.test.seed", System.nanoTime());
    private final SplittableRandom random = new SplittableRandom(seed);

    private static Job job(SharedCluster cluster, String name, int least, int most) {
        Job.Builder job = SharedCluster.on(cluster.job(name, STEPS), least, most).toBuilder();
        job.getEvaluationBuilder().setEveryEpochs(1).addData(SAMPLE.toString());
        return job.build();
    }

    /** Without what was timed. */
    private static List<EvaluationDone> measured(SharedCluster cluster, Job job) throws IOException {
        List<EvaluationDone> measured = new ArrayList<>();
        for (String line : Files.readAllLines(cluster.run(job).resolve("metrics.jsonl"))) {
            Progress.Builder event = Progress.newBuilder();
            EventJson.merge(line, event);
            if (event.hasEvaluation()) {
                EvaluationDone.Builder done = event.getEvaluationBuilder().clearSeconds();
                done.getCostBuilder().clearImagesPerSecond();
                measured.add(done.build());
            }
        }
        return measured;
    }

    @Test
    void anyNumberOfWorkersAndAnyKillGiveTheSameNumbers() throws IOException {
        SharedCluster cluster = SharedCluster.whole();
        Job one = job(cluster, "measured-by-one", 1, 1);
        ended(cluster, one);
        List<EvaluationDone> alone = measured(cluster, one);
        assertTrue(alone.size() > KILLS + 2, alone.size() + " evaluations");
        Job three = job(cluster, "measured-by-three", 3, 3);
        ended(cluster, three);
        assertEquals(alone, measured(cluster, three), cluster.circumstances());
        Job killed = job(cluster, "measured-by-killed", 1, 3);
        try (Follower events = cluster.submit(killed)) {
            events.workers(3);
            for (int i = 0; i < KILLS; i++) {
                events.next(Progress::hasEvaluation);
                LockSupport.parkNanos(random.nextLong(1_000_000_000));
                String victim = WORKERS.get(random.nextInt(3));
                cluster.processes().kill(victim);
                cluster.processes().worker(victim);
            }
            cluster.endsAsExpected(events, killed);
        }
        assertEquals(alone, measured(cluster, killed), "seed " + seed + ", " + cluster.circumstances());
    }

    private static void ended(SharedCluster cluster, Job job) throws IOException {
        try (Follower events = cluster.submit(job)) {
            cluster.endsAsExpected(events, job);
        }
    }
}
