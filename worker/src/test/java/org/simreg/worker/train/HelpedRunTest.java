package org.simreg.worker.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.simreg.proto.Cache;
import org.simreg.proto.EvaluationDone;
import org.simreg.proto.Generation;
import org.simreg.proto.Help;
import org.simreg.proto.Job;
import org.simreg.proto.JobSettings;
import org.simreg.proto.StepDone;
import org.simreg.proto.Views;
import org.simreg.worker.exchange.ahead.FeatureInbox;
import org.simreg.worker.exchange.ahead.HelpPlan;
import org.simreg.worker.exchange.ahead.HelperLoop;
import org.simreg.worker.exchange.mesh.PeerTransport;
import org.simreg.worker.exchange.reduce.LocalReduce;
import org.simreg.worker.exchange.reduce.Reduce;
import org.simreg.worker.exchange.wire.NettyWire;
import org.simreg.worker.train.student.RunCheckpoint.Snapshot;

/** Whoever computes the teachers' features, the student has the same bits. */
@Timeout(120)
class HelpedRunTest extends TwoTeachers {
    /** A loop's listener that counts features. */
    private static final class Counts implements TrainingLoop.Events {
        private int features;
        private int ahead;

        @Override
        public void committed(StepDone done, String sha256) {
            features += done.getFeatures();
            ahead += done.getFeaturesAhead();
        }

        @Override
        public void measured(EvaluationDone done) {}

        @Override
        public void checkpoint(Snapshot snapshot) {}

        @Override
        public void trained(Snapshot end) {}
    }

    private static Help help(PeerTransport member, PeerTransport helper, int microBatches) {
        return Help.newBuilder()
                .setJob("job")
                .setNumber(1)
                .setPart(HelpPlan.WHOLE)
                .addMembers(Generation.Member.newBuilder()
                        .setWorker("member")
                        .setAddress(member.address())
                        .setCount(microBatches))
                .addHelpers(Help.Helper.newBuilder().setWorker("helper").setAddress(helper.address()))
                .build();
    }

    /** Trains with a helper that is ahead from the first step on, and returns the SHA-256 of the state. */
    private String helped(Job.Builder asked, Counts counts) throws Exception {
        Job job = JobSettings.complete(asked.build());
        try (PeerTransport here = NettyWire.transport("127.0.0.1", 0);
                PeerTransport there = NettyWire.transport("127.0.0.1", 0);
                LoadedJob member = JobLoader.open(job, SmallRun.settings(folder.resolve("m"), 1, 1), text -> {})) {
            Help help = help(here, there, job.getOptimization().getMicroBatches());
            LoadedJob.Help end = member.help().orElseThrow();
            end.inbox().at(0);
            end.inbox().connect(help, "member", here);
            Thread helper = new Thread(() -> help(job, help, there), "helper");
            helper.start();
            awaitFeatures(member, here, job);
            member.start();
            try (Reduce reduce = new LocalReduce(member.scope(), member.student()::newOut)) {
                new TrainingLoop(member, reduce, TrainingLoop.Role.ALONE, () -> false, counts).run();
            }
            helper.interrupt();
            helper.join();
            return member.snapshot().sha256();
        }
    }

    /** All but the first step's: the job is shorter than what a member keeps. */
    private static void awaitFeatures(LoadedJob member, PeerTransport here, Job job) {
        long steps = member.help().orElseThrow().maker().steps() - 1;
        long bytes = steps * job.getOptimization().getBatch() * 2 * 1280 * Float.BYTES;
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (here.received() < bytes) {
            assertTrue(System.nanoTime() < deadline, "only " + here.received() + " of " + bytes + " bytes came");
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
        }
    }

    private void help(Job job, Help help, PeerTransport there) {
        Job.Builder elsewhere = job.toBuilder(); // its store is its own
        elsewhere.getCacheBuilder().setStore(folder.resolve("h/features").toString());
        try (LoadedJob loaded =
                        JobLoader.open(elsewhere.build(), SmallRun.settings(folder.resolve("h"), 1, 1), text -> {});
                HelperLoop loop = new HelperLoop(
                        help, "helper", there, loaded.help().orElseThrow().maker())) {
            loop.run();
        }
    }

    /** Two helpers with one teacher each. */
    private static Help partial(PeerTransport member, PeerTransport one, PeerTransport two, int microBatches) {
        Help.Builder help = help(member, one, microBatches).toBuilder();
        help.getHelpersBuilder(0).addTeachers(1);
        help.addHelpersBuilder().setWorker("other").setAddress(two.address()).addTeachers(0);
        return help.build();
    }

    private void helpWith(Job job, Help help, int number, PeerTransport there) {
        Help.Helper self = help.getHelpers(number);
        Path own = folder.resolve(self.getWorker());
        Job.Builder elsewhere = job.toBuilder();
        elsewhere.getCacheBuilder().setStore(own.resolve("features").toString());
        // Nothing of the student or of the other teacher is there.
        elsewhere.getStudentBuilder().setModule(own.resolve("no student").toString());
        elsewhere.getTeachersBuilder(1 - self.getTeachers(0)).setSource(own.resolve("no teacher") + ".pth");
        LoadedJob.Opener opener = JobLoader.opener(SmallRun.settings(own, 1, 1));
        try (LoadedJob loaded = opener.openForHelp(elsewhere.build(), self.getTeachersList(), text -> {});
                HelperLoop loop = new HelperLoop(
                        help,
                        self.getWorker(),
                        there,
                        loaded.help().orElseThrow().maker())) {
            assertThrows(IllegalStateException.class, loaded::start);
            loop.run();
        }
    }

    @Test
    void twoHelpersWithOneTeacherEach() throws Exception {
        Job.Builder asked = SmallRun.job(first, second);
        asked.getViewsBuilder().setPolicy(Views.Policy.WEAK_STRONG);
        asked.getTeachersBuilder(1).setSize(48);
        asked.getCacheBuilder().setViews(2).setPrecision(Cache.Format.FLOAT16);
        small(asked);
        asked.getCheckpointsBuilder().setOutput(folder.resolve("alone").toString());
        String alone = SmallRun.whole(asked, folder.resolve("alone")).sha256();
        asked.getCheckpointsBuilder().setOutput(folder.resolve("helped").toString());
        Job job = JobSettings.complete(asked.build());
        Counts counts = new Counts();
        try (PeerTransport here = NettyWire.transport("127.0.0.1", 0);
                PeerTransport one = NettyWire.transport("127.0.0.1", 0);
                PeerTransport two = NettyWire.transport("127.0.0.1", 0);
                LoadedJob member = JobLoader.open(job, SmallRun.settings(folder.resolve("m"), 1, 1), text -> {})) {
            Help help = partial(here, one, two, job.getOptimization().getMicroBatches());
            FeatureInbox inbox = member.help().orElseThrow().inbox();
            inbox.at(0);
            inbox.connect(help, "member", here);
            List<Thread> helpers = List.of(
                    new Thread(() -> helpWith(job, help, 0, one), "helper"),
                    new Thread(() -> helpWith(job, help, 1, two), "other"));
            helpers.forEach(Thread::start);
            awaitFeatures(member, here, job);
            member.start();
            try (Reduce reduce = new LocalReduce(member.scope(), member.student()::newOut)) {
                new TrainingLoop(member, reduce, TrainingLoop.Role.ALONE, () -> false, counts).run();
            }
            for (Thread helper : helpers) {
                helper.interrupt();
                helper.join();
            }
            assertEquals(alone, member.snapshot().sha256());
            int each = (counts.features - 4) / 2;
            assertEquals(Map.of("helper", each, "other", each), inbox.used());
        }
        assertEquals(counts.features - 4, counts.ahead);
        for (String stored : List.of("helper/features/teacher-2.features", "other/features/teacher-1.features")) {
            assertTrue(Files.exists(folder.resolve(stored)), stored);
        }
        assertFalse(Files.exists(folder.resolve("helper/features/teacher-1.features")));
    }

    private static void small(Job.Builder job) {
        job.getStudentBuilder()
                .clearNetwork()
                .setModule(ModuleStudentTest.file("cnn").toString());
        job.getOptimizationBuilder().setMicroBatches(2).setMaxSteps(4);
    }

    private void assertSameBits(Job.Builder job) throws Exception {
        small(job);
        job.getCheckpointsBuilder().setOutput(folder.resolve("alone").toString());
        String alone = SmallRun.whole(job, folder.resolve("alone")).sha256();
        job.getCheckpointsBuilder().setOutput(folder.resolve("helped").toString());
        Counts counts = new Counts();
        assertEquals(alone, helped(job, counts));
        // The first step's were needed before anybody could help.
        assertEquals(counts.features - 4, counts.ahead);
        assertTrue(counts.ahead > 0);
    }

    @Test
    void twoTeachersOfAnotherViewThanTheStudents() throws Exception {
        Job.Builder job = SmallRun.job(first, second);
        job.getViewsBuilder().setPolicy(Views.Policy.WEAK_STRONG);
        job.getTeachersBuilder(1).setSize(48);
        assertSameBits(job);
    }

    @Test
    void keptFeaturesRoundedToFloat16() throws Exception {
        Job.Builder job = SmallRun.job(first, second);
        job.getCacheBuilder().setViews(2).setPrecision(Cache.Format.FLOAT16);
        assertSameBits(job);
    }
}
