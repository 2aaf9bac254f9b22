package org.simreg.coordinator.job.scale;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.simreg.coordinator.job.scale.ScaleService.Bounds;
import org.simreg.coordinator.job.schedule.Allotment;
import org.simreg.coordinator.job.schedule.Demand;

class WorkersWantedTest {
    private static final Demand.Requirements ANY = new Demand.Requirements("", false, Set.of());

    static Demand demand(String job, int least, int most) {
        return new Demand(job, new Demand.Rank(0, 0), least, most, ANY);
    }

    private static WorkersWanted wanted(int min, int max, Demand... demands) {
        return WorkersWanted.of(List.of(demands), new Bounds(min, max));
    }

    @Test
    void nobodyIsWantedWithoutJobs() {
        assertEquals(new WorkersWanted(0, 0, "no job waits or trains"), wanted(0, 8));
        assertEquals(new WorkersWanted(2, 0, "no job waits or trains, at least 2 are kept"), wanted(2, 8));
    }

    @Test
    void whatTheJobsCanUseIsWantedUpToTheMaximum() {
        assertEquals(new WorkersWanted(4, 4, "1 job can use 4 workers"), wanted(0, 8, demand("a", 1, 4)));
        assertEquals(
                new WorkersWanted(8, 8, "2 jobs can use 12 workers, at most 8 are allowed"),
                wanted(0, 8, demand("a", 1, 4), demand("b", 2, 8)));
        assertEquals(
                new WorkersWanted(3, 1, "1 job can use 1 worker, at least 3 are kept"),
                wanted(3, 8, demand("a", 1, 1)));
    }

    @Test
    void aJobThatCanNotBeginIsNoReasonForWorkers() {
        String reason = "1 job can use 6 workers, at most 3 are allowed (a needs 4)";
        assertEquals(new WorkersWanted(0, 0, reason), wanted(0, 3, demand("a", 4, 6)));
        WorkersWanted five = wanted(0, 5, demand("a", 4, 4), demand("b", 4, 4), demand("c", 4, 4));
        assertEquals("3 jobs can use 12 workers, at most 5 are allowed (b needs 4, 1 more wait)", five.reason());
        assertEquals(4, five.workers(), "the fifth would stand idle");
    }

    /** Random queues and bounds: what is wanted is what the schedule would hand out. */
    @RepeatedTest(200)
    void theScheduleUsesEveryWorkerWantedAndHasNoUseForOneMore() {
        Random random = new Random();
        int max = random.nextInt(12);
        Bounds bounds = new Bounds(random.nextInt(max + 1), max);
        List<Demand> demands = new ArrayList<>();
        for (int i = random.nextInt(5); i > 0; i--) {
            int least = 1 + random.nextInt(5);
            Demand.Rank rank = new Demand.Rank(random.nextInt(3), random.nextInt(2));
            int most = least + random.nextInt(4);
            demands.add(new Demand("job" + i, rank, least, most, ANY));
        }
        WorkersWanted wanted = WorkersWanted.of(demands, bounds);
        String what = demands + " " + bounds + " " + wanted;
        assertEquals(wanted.used(), granted(demands, wanted.used()), what);
        assertEquals(wanted.used(), granted(demands, max), what);
        assertEquals(Math.max(bounds.min(), wanted.used()), wanted.workers(), what);
        assertTrue(wanted.workers() <= max, what);
        Collections.shuffle(demands, random);
        assertEquals(wanted, WorkersWanted.of(demands, bounds));
    }

    private static int granted(List<Demand> demands, int workers) {
        List<Demand.AvailableWorker> servers = IntStream.range(0, workers)
                .mapToObj(i -> new Demand.AvailableWorker("w" + i, "cpu", ""))
                .toList();
        return Allotment.of(servers, demands).values().stream()
                .mapToInt(grant -> grant.workers().size())
                .sum();
    }
}
