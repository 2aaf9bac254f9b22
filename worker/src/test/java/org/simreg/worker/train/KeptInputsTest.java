package org.simreg.worker.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.simreg.proto.Job;
import org.simreg.proto.JobSettings;
import org.simreg.worker.base.io.Notices;
import org.simreg.worker.data.storage.WorkerSettings;
import org.simreg.worker.train.StepInputs.MicroBatch;

/** Views and features that another generation needs too are kept, and have the bits that they would have anew. */
@Timeout(120)
class KeptInputsTest extends TwoTeachers {
    private static final int STEPS = 3;
    private static final int PARTS = 4;
    private static final int PICTURES = 8;

    /** Of the first two steps and of the queue, which has room for three micro-batches. */
    private static final int AHEAD = 2 * PICTURES + 3 * PICTURES / PARTS;

    /** A listener that counts pictures as they are decoded. */
    private static final class Counter implements Notices {
        private final AtomicInteger decoded = new AtomicInteger();

        @Override
        public void accept(String text) {}

        @Override
        public Mark decoding(String location) {
            return decoded::incrementAndGet;
        }

        void awaitDecoded(int count) {
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
            while (decoded.get() < count) {
                assertTrue(System.nanoTime() < deadline, decoded + " of " + count + " pictures are decoded");
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
            }
        }
    }

    private LoadedJob open(String name, Notices notices) {
        return open(name, notices, 1);
    }

    private LoadedJob open(String name, Notices notices, int epochs) {
        Job.Builder job = SmallRun.job(first, second);
        job.getOptimizationBuilder().setEpochs(epochs).setMicroBatches(PARTS);
        WorkerSettings settings = SmallRun.settings(folder.resolve(name), 1, 1);
        return JobLoader.open(JobSettings.complete(job.build()), settings, notices);
    }

    private static byte[] pixels(MicroBatch leaf) {
        return leaf.images().toByteArray();
    }

    /** Compares what is ready of a step with what a member has that computes all of it from the start. */
    private static void assertSame(StepInputs whole, StepInputs part, long step, int from) {
        whole.prepare(step);
        part.prepare(step);
        List<? extends MicroBatch> all = whole.of(step);
        List<? extends MicroBatch> some = part.of(step);
        assertEquals(PARTS - from, some.size());
        for (MicroBatch leaf : some) {
            MicroBatch expected = all.get(leaf.leaf());
            assertArrayEquals(pixels(expected), pixels(leaf));
            NDArray[] targets = leaf.targets(null);
            for (int i = 0; i < targets.length; i++) {
                assertArrayEquals(expected.targets(null)[i].toFloatArray(), targets[i].toFloatArray());
            }
        }
    }

    @Test
    void onlyWhatIsNewIsDecodedAfterALossAndAJoin() {
        Counter counter = new Counter();
        try (LoadedJob one = open("one", text -> {});
                LoadedJob other = open("other", counter)) {
            StepInputs whole = one.inputs();
            whole.share(0, PARTS);
            StepInputs inputs = other.inputs();
            inputs.share(0, PARTS);
            inputs.prepare(0);
            inputs.prepare(1);
            counter.awaitDecoded(AHEAD);

            inputs.share(2, 2); // somebody has joined, and takes the first half
            assertSame(whole, inputs, 0, 2);
            assertSame(whole, inputs, 1, 2);
            inputs.release(0);
            assertEquals(AHEAD, counter.decoded.get());

            inputs.share(1, 3); // and is lost; another takes a quarter
            assertSame(whole, inputs, 1, 1);
            inputs.release(1);
            assertSame(whole, inputs, 2, 1);
            // The second quarter of the last two steps had been let go.
            assertEquals(STEPS * PICTURES + 2 * PICTURES / PARTS, counter.decoded.get());
        }
    }

    @Test
    void aStepOfThePastIsMadeAnewAndTheLaterOnesStay() {
        Counter counter = new Counter();
        try (LoadedJob one = open("one", text -> {});
                LoadedJob other = open("other", counter)) {
            StepInputs whole = one.inputs();
            whole.share(0, PARTS);
            StepInputs inputs = other.inputs();
            inputs.share(0, PARTS);
            inputs.prepare(0);
            inputs.prepare(1);
            inputs.release(0);
            counter.awaitDecoded(AHEAD);
            assertSame(whole, inputs, 0, 0);
            assertSame(whole, inputs, 1, 0);
            assertSame(whole, inputs, 2, 0);
            assertEquals(STEPS * PICTURES + PICTURES, counter.decoded.get());
        }
    }

    /** A member that was taken for lost comes back with its old share when others have gone on. */
    @Test
    void aStepFurtherAheadThanTheNextHasItsOwnViews() {
        Counter counter = new Counter();
        try (LoadedJob one = open("one", text -> {}, 2);
                LoadedJob other = open("other", counter, 2)) {
            StepInputs whole = one.inputs();
            whole.share(0, PARTS);
            StepInputs inputs = other.inputs();
            inputs.share(3, 1);
            inputs.prepare(0);
            counter.awaitDecoded(4 * PICTURES / PARTS);

            inputs.share(3, 1);
            assertSame(whole, inputs, 2, 3);
            inputs.release(1);
            for (long step = 3; step < 2 * STEPS; step++) {
                assertSame(whole, inputs, step, 3);
            }
        }
    }
}
