package org.simreg.coordinator.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.coordinator.job.CoordinatorSettings;
import org.simreg.coordinator.job.JobWatch;
import org.simreg.proto.Hello;
import org.simreg.proto.JobEvent;
import org.simreg.proto.JobState;
import org.simreg.proto.JobStatus;
import org.simreg.proto.ListRequest;
import org.simreg.proto.ListResponse;
import org.simreg.proto.Order;
import org.simreg.proto.Refused;
import org.simreg.proto.Roots;
import org.simreg.proto.SubmitRequest;
import org.simreg.proto.SubmitRequest.Existing;
import org.simreg.proto.UserError;

/** The coordinator's services for clients and workers: what is granted and what is refused. */
class JobServiceTest {
    private final World world = new World(3);

    private static Refused refused(Refused.Kind kind, Runnable action) {
        Refused refused = assertThrows(Refused.class, action::run);
        assertEquals(kind, refused.kind());
        return refused;
    }

    @Test
    void theSameRequestTwiceMakesOneJob() {
        SubmitRequest request = SubmitRequest.newBuilder()
                .setRequestId("r")
                .setJob(World.job("one"))
                .build();
        JobStatus first = world.submit(request);
        assertEquals(first.getId(), world.submit(request).getId());
        world.down(true);
        world.up();
        assertEquals(first.getId(), world.submit(request).getId());
        assertEquals(
                1, world.coordinator().list(ListRequest.getDefaultInstance()).getJobsCount());
    }

    @Test
    void onlyOperatorsOverwriteWhatOthersHaveSubmitted() {
        submit("ann", false, "one");
        world.coordinator().cancel("one");
        submit("ann", false, "two");
        world.coordinator().cancel("two");
        Refused refused = refused(Refused.Kind.FORBIDDEN, () -> submit("bob", false, "three"));
        assertTrue(
                refused.getMessage().contains("bob has not submitted: to overwrite it takes a token with the role"),
                refused.getMessage());
        submit("olga", true, "three");
        world.coordinator().cancel("three");
        refused(Refused.Kind.FORBIDDEN, () -> submit("ann", false, "four"));
        world.down(true);
        world.up();
        submit("olga", false, "four");
    }

    private void submit(String who, boolean operates, String name) {
        var job = World.job(name);
        job.getCheckpointsBuilder().setOutput("runs/shared");
        SubmitRequest.Builder request = SubmitRequest.newBuilder().setJob(job).setExisting(Existing.OVERWRITE);
        request.getSubmitterBuilder().setName(who).setOperates(operates);
        world.submit(request.build());
    }

    @Test
    void aJobWithWrongSettingsLeavesNothingBehind() {
        var job = World.job("one");
        job.getOptimizationBuilder().setMicroBatches(3);
        assertThrows(UserError.class, () -> world.submit(job));
        assertTrue(world.store.records.isEmpty());
        refused(Refused.Kind.UNKNOWN, () -> world.coordinator().get("one"));
    }

    @Test
    void aQueueThatIsFullTakesNoMoreUntilAJobHasEnded() {
        world.limits(new CoordinatorSettings.Limits(Roots.ANYWHERE, 2));
        world.down(true);
        world.up();
        world.submit(World.job("one"));
        world.submit(World.job("two"));
        Refused refused = refused(Refused.Kind.FULL, () -> world.submit(World.job("three")));
        assertTrue(refused.getMessage().contains("as many as --max-queue allows"));
        world.coordinator().cancel("one");
        world.submit(World.job("three"));
        refused(Refused.Kind.FULL, () -> world.coordinator().resume("one"));
        // What was asked before is still answered.
        assertEquals(
                3, world.coordinator().list(ListRequest.getDefaultInstance()).getJobsCount());
    }

    @Test
    void aJobWhoseFilesLieElsewhereLeavesNothingBehind(@TempDir Path root) {
        world.limits(new CoordinatorSettings.Limits(Roots.of(List.of(root)), 100));
        world.down(true);
        world.up();
        UserError e = assertThrows(UserError.class, () -> world.submit(World.job("one")));
        assertTrue(e.getMessage().contains("checkpoints.output: /base/runs/one is not below"));
        assertTrue(world.store.records.isEmpty());
        var job = World.job("one");
        job.getDatasetBuilder().clearPath().addPath(root.resolve("data").toString());
        job.getTeachersBuilder(0).setSource(root.resolve("t.pt").toString());
        job.getCheckpointsBuilder().setOutput(root.resolve("run").toString());
        world.submit(job);
    }

    @Test
    void aJobTooLargeToBeListedIsRefused() {
        var job = World.job("one");
        job.getDatasetBuilder().clearPath().addPath("p".repeat(20_000));
        Refused refused = refused(Refused.Kind.INVALID, () -> world.submit(job));
        assertTrue(refused.getMessage().contains("16384 bytes at most"), refused.getMessage());
        assertTrue(world.store.records.isEmpty());
    }

    @Test
    void jobsOfOneMillisecondAndOfAClockSetBackKeepTheirOrder() {
        List<String> expected = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            expected.add(0, world.submit(World.job("j" + i)).getId());
        }
        world.down(true);
        world.up();
        expected.add(0, world.submit(World.job("a")).getId());
        ListResponse all = world.coordinator().list(ListRequest.getDefaultInstance());
        assertEquals(expected, all.getJobsList().stream().map(JobStatus::getId).toList());
    }

    @Test
    void aTakenFolderIsRefused() {
        world.submit(World.job("one"));
        var same = World.job("two");
        same.getCheckpointsBuilder().setOutput("runs/../runs/one");
        Refused refused = refused(Refused.Kind.EXISTS, () -> world.submit(same));
        assertTrue(refused.getMessage().contains("/base/runs/one belongs to the job one"));
        world.coordinator().cancel("one");
        refused(Refused.Kind.EXISTS, () -> world.submit(same));
        assertEquals(1, world.store.records.size());
    }

    @Test
    void twoJobsOfOneNameHaveTwoIds() {
        world.submit(World.job("one"));
        var second = World.job("one");
        second.getCheckpointsBuilder().setOutput("runs/other");
        assertEquals("one-2", world.submit(second).getId());
    }

    @Test
    void pagesFollowEachOtherNewestFirstAndNewJobsShiftNothing() {
        for (int i = 0; i < 5; i++) {
            world.submit(World.job("j" + i));
            world.run(10);
        }
        ListRequest first = ListRequest.newBuilder().setPageSize(2).build();
        ListResponse page = world.coordinator().list(first);
        List<String> ids = new ArrayList<>();
        while (true) {
            page.getJobsList().forEach(job -> ids.add(job.getId()));
            if (page.getNextPageToken().isEmpty()) {
                break;
            }
            world.submit(World.job("later" + ids.size()));
            page = world.coordinator()
                    .list(first.toBuilder()
                            .setPageToken(page.getNextPageToken())
                            .build());
        }
        assertEquals(List.of("j4", "j3", "j2", "j1", "j0"), ids);
        refused(
                Refused.Kind.INVALID,
                () -> world.coordinator()
                        .list(first.toBuilder().setPageToken("nonsense").build()));
        world.coordinator().cancel("j3");
        ListRequest cancelled =
                ListRequest.newBuilder().addStates(JobState.CANCELLED).build();
        assertEquals(1, world.coordinator().list(cancelled).getJobsCount());
    }

    /** Takes some events at a time. */
    private static final class Slow implements JobWatch.Watcher {
        final List<Long> seen = new ArrayList<>();
        Optional<Runnable> more = Optional.empty();
        boolean over;
        int most;

        Slow(int most) {
            this.most = most;
        }

        @Override
        public boolean event(JobEvent event) {
            assertTrue(more.isEmpty(), "it said that it is full");
            seen.add(event.getSequence());
            return seen.size() % most != 0;
        }

        @Override
        public void whenReady(Runnable next) {
            more = Optional.of(next);
        }

        void ready() {
            Runnable next = more.orElseThrow();
            more = Optional.empty();
            next.run();
        }

        @Override
        public void ended() {
            assertFalse(over);
            over = true;
        }
    }

    @Test
    void aSlowWatcherGetsEveryEventOnceAndIsNeverPushed() {
        world.worker("a");
        world.submit(World.job("one"));
        Slow slow = new Slow(7);
        Slow fast = new Slow(1 << 30);
        world.coordinator().watch("one", 0, slow);
        world.coordinator().watch("one", 10, fast);
        world.until("one", JobState.SUCCEEDED, 60_000);
        assertEquals(7, slow.seen.size());
        assertTrue(fast.over);
        long all = world.coordinator().get("one").getNextSequence();
        while (!slow.over) {
            slow.ready();
            world.run(5);
        }
        assertEquals(all, slow.seen.size());
        for (int i = 0; i < all; i++) {
            assertEquals(i, slow.seen.get(i));
        }
        assertEquals(all - 10, fast.seen.size());
        assertEquals(10, fast.seen.get(0));
        Slow late = new Slow(1 << 30);
        world.coordinator().watch("one", all - 1, late);
        assertEquals(1, late.seen.size());
        assertTrue(late.over);
    }

    @Test
    void aWatchThatIsClosedHearsNothingMore() throws Exception {
        world.worker("a");
        world.submit(World.job("one"));
        Slow watcher = new Slow(1 << 30);
        AutoCloseable watch = world.coordinator().watch("one", 0, watcher);
        world.until(() -> watcher.seen.size() > 5, 20_000);
        watch.close();
        int seen = watcher.seen.size();
        world.until("one", JobState.SUCCEEDED, 60_000);
        assertEquals(seen, watcher.seen.size());
    }

    /** A stream that remembers what was sent. */
    private static final class Ear implements WorkerService.Out {
        final List<Order> orders = new ArrayList<>();
        Optional<Refused> end = Optional.empty();

        @Override
        public void send(Order order) {
            orders.add(order);
        }

        @Override
        public void end(Refused reason) {
            end = Optional.of(reason);
        }
    }

    private static Hello.Builder hello() {
        return Hello.newBuilder()
                .setWorker("a")
                .setIncarnation("1")
                .setVersion(World.VERSION)
                .setProfile("p")
                .putAddresses("netty", "a:1");
    }

    @Test
    void aWorkerOfAnotherVersionIsRefused() {
        Refused refused = refused(
                Refused.Kind.STATE,
                () -> world.coordinator().attend(hello().setVersion("9").build(), new Ear()));
        assertEquals(
                "The worker a has simreg 9, the coordinator 1.2.3: use the same version on both", refused.getMessage());
        assertEquals(0, world.coordinator().workers().getWorkersCount());
    }

    @Test
    void anotherProcessOfTheSameNameIsRefusedAndTheSameOneTakesItsPlace() {
        Ear first = new Ear();
        world.coordinator().attend(hello().build(), first);
        assertTrue(first.orders.get(0).hasWelcome());
        refused(
                Refused.Kind.EXISTS,
                () -> world.coordinator().attend(hello().setIncarnation("2").build(), new Ear()));
        Ear again = new Ear();
        world.coordinator().attend(hello().build(), again);
        assertTrue(first.end.isPresent());
        assertEquals(1, world.coordinator().workers().getWorkersCount());
        assertTrue(again.end.isEmpty());
    }

    @Test
    void aSilentWorkerIsLostAndWhatItsOldStreamSaysIsNotHeard() {
        Ear ear = new Ear();
        WorkerService.In reports = world.coordinator().attend(hello().build(), ear);
        world.run(1400);
        assertEquals(1, world.coordinator().workers().getWorkersCount());
        world.run(300);
        assertEquals(0, world.coordinator().workers().getWorkersCount());
        assertEquals(Refused.Kind.UNAVAILABLE, ear.end.orElseThrow().kind());
        world.coordinator().attend(hello().setIncarnation("2").build(), new Ear());
        reports.lost("late");
        assertEquals(1, world.coordinator().workers().getWorkersCount());
    }

    @Test
    void aWorkerThatHoldsAJobNobodyKnowsIsToldToDropIt() {
        Ear ear = new Ear();
        var hello = hello();
        hello.getHoldingBuilder().setJob("gone").setGeneration(3).setCommitted(5);
        world.coordinator().attend(hello.build(), ear);
        assertEquals("gone", ear.orders.get(1).getDrop().getJob());
    }
}
