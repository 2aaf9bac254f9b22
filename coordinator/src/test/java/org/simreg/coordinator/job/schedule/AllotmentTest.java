package org.simreg.coordinator.job.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.simreg.coordinator.job.schedule.Allotment.Grant;
import org.simreg.coordinator.job.schedule.Demand.AvailableWorker;
import org.simreg.coordinator.job.schedule.Demand.Rank;
import org.simreg.coordinator.job.schedule.Demand.Requirements;
import org.simreg.proto.Placement;

class AllotmentTest {
    private static final Requirements ANY = new Requirements("", false, Set.of());

    private static Demand demand(String job, long priority, int least, int most) {
        return new Demand(job, new Rank(priority, job.charAt(0)), least, most, ANY);
    }

    private static AvailableWorker idle(String name) {
        return new AvailableWorker(name, "p", "");
    }

    private static AvailableWorker at(String name, String job) {
        return new AvailableWorker(name, "p", job);
    }

    @Test
    void workersGoRoundAndNobodyGetsMoreThanItCanUse() {
        Map<String, Grant> grants = Allotment.of(
                List.of(idle("1"), idle("2"), idle("3"), idle("4"), idle("5")),
                List.of(demand("a", 0, 1, 1), demand("b", 0, 1, 8), demand("c", 0, 1, 8)));
        assertEquals(1, grants.get("a").workers().size());
        assertEquals(2, grants.get("b").workers().size());
        assertEquals(2, grants.get("c").workers().size());
    }

    @Test
    void aJobThatCantHaveItsWorkersWaitsAndALaterOneGoesFirst() {
        Map<String, Grant> grants =
                Allotment.of(List.of(idle("1"), idle("2")), List.of(demand("a", 5, 4, 8), demand("b", 0, 1, 8)));
        assertFalse(grants.get("a").served());
        assertEquals("needs 4 workers, 2 are free", grants.get("a").reason());
        assertEquals(Set.of("1", "2"), grants.get("b").workers());
    }

    @Test
    void theBackfilledJobYieldsWhenTheHeadOfTheQueueCanHaveItsWorkers() {
        List<AvailableWorker> servers = List.of(at("1", "b"), at("2", "b"), idle("3"), idle("4"));
        Map<String, Grant> grants = Allotment.of(servers, List.of(demand("a", 5, 4, 8), demand("b", 0, 1, 8)));
        assertTrue(grants.get("a").served());
        assertEquals(4, grants.get("a").workers().size());
        assertFalse(grants.get("b").served());
        assertEquals("needs 1 worker, none is free", grants.get("b").reason());
    }

    private static AvailableWorker helperOnly(String name, String job) {
        return new AvailableWorker(name, "p", job, !job.isEmpty(), true);
    }

    private static Demand helped(String job, int most, int helpers, int some) {
        return new Demand(job, new Rank(0, job.charAt(0)), 1, most, new Demand.Helpers(helpers, 0, some), ANY);
    }

    @Test
    void workersThatOnlyHelpAreNotAmongThoseThatAJobWaitsFor() {
        List<AvailableWorker> servers = List.of(helperOnly("1", ""), helperOnly("2", "a"), idle("3"));
        Grant waits = Allotment.of(servers, List.of(demand("a", 0, 2, 4))).get("a");
        assertFalse(waits.served());
        assertEquals("needs 2 workers, 1 is free beside 2 that only help", waits.reason());
        assertEquals(Set.of(), waits.all());
        Grant served = Allotment.of(servers, List.of(helped("a", 4, 2, 2))).get("a");
        assertEquals(Set.of("3"), served.workers());
        assertEquals(Set.of("1", "2"), served.helpers());
    }

    @Test
    void thoseThatOnlyHelpGoFirstAndAsManyAsThereAreTeachers() {
        List<AvailableWorker> servers = List.of(idle("1"), idle("2"), helperOnly("3", ""), helperOnly("4", ""));
        assertEquals(
                Set.of("3"),
                Allotment.of(servers, List.of(helped("a", 1, 1, 1))).get("a").helpers());
        assertEquals(
                Set.of("3", "4"),
                Allotment.of(servers, List.of(helped("a", 1, 1, 2))).get("a").helpers());
        assertEquals(
                Set.of("2", "3", "4"),
                Allotment.of(servers, List.of(helped("a", 1, 3, 3))).get("a").helpers());
        List<AvailableWorker> helps =
                List.of(idle("1"), new AvailableWorker("2", "p", "a", true, false), helperOnly("3", ""));
        assertEquals(
                Set.of("1"),
                Allotment.of(List.of(idle("1"), helperOnly("3", "b")), List.of(helped("a", 1, 0, 0)))
                        .get("a")
                        .all(),
                "none pays");
        assertEquals(
                Set.of("3"),
                Allotment.of(helps, List.of(helped("a", 1, 1, 1))).get("a").helpers(),
                "the helper has become the member");
    }

    @Test
    void ofThoseThatOnlyHelpOneATeacherIsTakenIfAnyHelperPays() {
        Placement any = Placement.getDefaultInstance();
        Placement two = Placement.newBuilder().setMaxHelpers(2).build();
        assertEquals(new Demand.Helpers(1, 0, 3), Demand.Helpers.of(any, 1, 3));
        assertEquals(new Demand.Helpers(5, 0, 5), Demand.Helpers.of(any, 5, 3));
        assertEquals(new Demand.Helpers(1, 1, 2), Demand.Helpers.of(two, 1, 3));
        assertEquals(Demand.Helpers.NONE, Demand.Helpers.of(any, 0, 3));
    }

    @Test
    void nobodyIsMovedWithoutNeed() {
        List<AvailableWorker> servers = List.of(at("1", "b"), at("2", "a"), at("3", "b"), at("4", "a"));
        List<Demand> demands = List.of(demand("a", 0, 1, 8), demand("b", 0, 1, 8));
        Map<String, Grant> grants = Allotment.of(servers, demands);
        assertEquals(Set.of("2", "4"), grants.get("a").workers());
        assertEquals(Set.of("1", "3"), grants.get("b").workers());
    }

    @Test
    void aWaitingJobKeepsItsPreparedWorkersIfNobodyElseWantsThem() {
        Map<String, Grant> grants = Allotment.of(List.of(at("1", "a")), List.of(demand("a", 0, 2, 4)));
        assertFalse(grants.get("a").served());
        assertEquals(Set.of("1"), grants.get("a").workers());
    }

    @Test
    void anExactJobTakesOneProfileOnly() {
        List<AvailableWorker> servers = List.of(
                new AvailableWorker("1", "x", ""),
                new AvailableWorker("2", "y", ""),
                new AvailableWorker("3", "y", ""));
        Demand undecided = new Demand("a", new Rank(0, 0), 1, 8, new Requirements("", true, Set.of()));
        assertEquals(
                Set.of("2", "3"),
                Allotment.of(servers, List.of(undecided)).get("a").workers());
        Demand decided = new Demand("a", new Rank(0, 0), 1, 8, new Requirements("x", false, Set.of()));
        assertEquals(
                Set.of("1"), Allotment.of(servers, List.of(decided)).get("a").workers());
    }

    @Test
    void whoHasWaitedLongEnoughGoesBeforeAHigherPriority() {
        assertTrue(Demand.effective(0, 600_000 * 3) > Demand.effective(2, 0));
        assertTrue(Demand.effective(0, 600_000) < Demand.effective(2, 0));
    }

    @Test
    void whateverIsAskedNobodyServesTwiceAndTheAnswerDoesNotDependOnTheOrder() {
        for (int seed = 0; seed < 500; seed++) {
            Random random = new Random(seed);
            List<AvailableWorker> servers = new ArrayList<>();
            for (int i = random.nextInt(9); i > 0; i--) {
                String job = random.nextBoolean() ? "" : "" + (char) ('a' + random.nextInt(5));
                servers.add(new AvailableWorker("w" + i, "p" + random.nextInt(2), job));
            }
            List<Demand> demands = new ArrayList<>();
            for (int i = random.nextInt(5); i > 0; i--) {
                String job = "" + (char) ('a' + i);
                int least = 1 + random.nextInt(3);
                demands.add(new Demand(
                        job,
                        new Rank(random.nextInt(3), i),
                        least,
                        least + random.nextInt(4),
                        new Requirements("", random.nextBoolean(), Set.of("w1"))));
            }
            Map<String, Grant> grants = Allotment.of(servers, demands);
            check(servers, demands, grants);
            Collections.shuffle(servers, random);
            Collections.shuffle(demands, random);
            assertEquals(grants, Allotment.of(servers, demands), "seed " + seed);
        }
    }

    private static void check(List<AvailableWorker> servers, List<Demand> demands, Map<String, Grant> grants) {
        Set<String> used = new HashSet<>();
        for (Demand demand : demands) {
            Grant grant = grants.get(demand.job());
            for (String worker : grant.workers()) {
                assertTrue(used.add(worker), "two jobs for " + worker);
                assertFalse(worker.equals("w1"), "an excluded worker");
            }
            int size = grant.workers().size();
            assertTrue(!grant.served() || size >= demand.least() && size <= demand.most());
            long profiles = servers.stream()
                    .filter(server -> grant.workers().contains(server.name()))
                    .map(AvailableWorker::profile)
                    .distinct()
                    .count();
            assertTrue(!demand.requirements().uniform() || profiles <= 1, "two profiles");
        }
    }
}
