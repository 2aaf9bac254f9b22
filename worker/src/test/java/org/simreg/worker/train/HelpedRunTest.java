package org.simreg.worker.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
            // All but the first step's: the job is shorter than what a member keeps.
            long steps = end.maker().steps() - 1;
            long bytes = steps * job.getOptimization().getBatch() * 2 * 1280 * Float.BYTES;
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
            while (here.received() < bytes) {
                assertTrue(System.nanoTime() < deadline, "only " + here.received() + " of " + bytes + " bytes came");
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
            }
            member.start();
            try (Reduce reduce = new LocalReduce(member.scope(), member.student()::newOut)) {
                new TrainingLoop(member, reduce, TrainingLoop.Role.ALONE, () -> false, counts).run();
            }
            helper.interrupt();
            helper.join();
            return member.snapshot().sha256();
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

    private void assertSameBits(Job.Builder job) throws Exception {
        job.getStudentBuilder()
                .clearNetwork()
                .setModule(ModuleStudentTest.file("cnn").toString());
        job.getOptimizationBuilder().setMicroBatches(2).setMaxSteps(4);
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
