package org.simreg.worker.exchange.ahead;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.simreg.proto.Generation;
import org.simreg.proto.Help;
import org.simreg.worker.exchange.mesh.Frame;
import org.simreg.worker.exchange.mesh.FrameHeader;
import org.simreg.worker.exchange.mesh.PeerTransport;
import org.simreg.worker.exchange.reduce.TappedWire;
import org.simreg.worker.exchange.wire.NettyWire;

/** A helper and members over real connections; its features are numbers that tell what they are of. */
@Timeout(60)
class HelperLoopTest {
    private static final FeatureShape SHAPE = new FeatureShape(3, List.of(5, 7), "cpu, bits 1", true);
    private static final long STEPS = 400;
    private static final long LONG = TimeUnit.SECONDS.toNanos(20);

    /** What a step takes besides its teachers. */
    private static final long PACE = TimeUnit.MILLISECONDS.toNanos(3);

    private final List<AutoCloseable> open = new ArrayList<>();
    private final List<String> notices = new CopyOnWriteArrayList<>();
    private long orders;

    @AfterEach
    void close() throws Exception {
        for (int i = open.size() - 1; i >= 0; i--) {
            open.get(i).close();
        }
    }

    private <T extends AutoCloseable> T opened(T resource) {
        open.add(resource);
        return resource;
    }

    private static float[] features(HelpPlan.Item item) {
        float[] values = new float[SHAPE.length(item.teacher())];
        for (int i = 0; i < values.length; i++) {
            values[i] = 1000f * item.step() + 100f * item.microBatch() + 10f * item.teacher() + i / 64f;
        }
        return values;
    }

    /** A maker that tells what it makes, and waits for a permit if it has to. */
    private static final class Toy implements FeatureMaker {
        private final FeatureShape shape;
        private final List<HelpPlan.Item> made = new CopyOnWriteArrayList<>();
        private Optional<Semaphore> permits = Optional.empty();

        Toy(FeatureShape shape) {
            this.shape = shape;
        }

        @Override
        public FeatureShape shape() {
            return shape;
        }

        @Override
        public long steps() {
            return STEPS;
        }

        @Override
        public Sequence sequence(Iterator<HelpPlan.Item> items) {
            return new Sequence() {
                private HelpPlan.Item next;

                @Override
                public boolean hasNext() {
                    if (next == null && items.hasNext()) {
                        next = items.next();
                    }
                    return next != null;
                }

                @Override
                public float[] next() {
                    permits.ifPresent(Semaphore::acquireUninterruptibly);
                    HelpPlan.Item now = next;
                    next = null;
                    made.add(now);
                    return features(now);
                }

                @Override
                public void skip() {
                    next = null;
                }

                @Override
                public void close() {}
            };
        }
    }

    /** A worker with its transport. */
    private PeerTransport transport() {
        return opened(NettyWire.transport("127.0.0.1", 0));
    }

    private Help help(int part, List<PeerTransport> members, PeerTransport... helpers) {
        Help.Builder help = Help.newBuilder().setJob("job").setNumber(++orders).setPart(part);
        for (int i = 0; i < members.size(); i++) {
            help.addMembers(Generation.Member.newBuilder()
                    .setWorker("m" + i)
                    .setAddress(members.get(i).address())
                    .setFirst(i)
                    .setCount(1));
        }
        for (int i = 0; i < helpers.length; i++) {
            help.addHelpers(Help.Helper.newBuilder().setWorker("h" + i).setAddress(helpers[i].address()));
        }
        return help.build();
    }

    private FeatureInbox inbox() {
        return opened(new FeatureInbox(SHAPE, notices::add));
    }

    private HelperLoop run(Help help, String name, PeerTransport transport, FeatureMaker maker) {
        HelperLoop loop = opened(new HelperLoop(help, name, transport, maker));
        Thread thread = new Thread(loop::run, "helper");
        thread.setDaemon(true);
        thread.start();
        return loop;
    }

    private static void until(BooleanSupplier so) {
        long end = System.nanoTime() + LONG;
        while (!so.getAsBoolean()) {
            assertTrue(System.nanoTime() < end, "it doesn't come");
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(2));
        }
    }

    private static boolean has(FeatureInbox inbox, long step, int microBatch) {
        return inbox.take(step, microBatch, 0, 0).isPresent()
                && inbox.take(step, microBatch, 1, 0).isPresent();
    }

    @Test
    void bothMembersGetWhatTheHelpersMakeAndNoneRunsFurtherAheadThanTheyKeep() {
        List<PeerTransport> members = List.of(transport(), transport());
        PeerTransport first = transport();
        PeerTransport second = transport();
        Help help = help(HelpPlan.WHOLE, members, first, second);
        List<FeatureInbox> inboxes = List.of(inbox(), inbox());
        Toy one = new Toy(SHAPE);
        Toy two = new Toy(SHAPE);
        run(help, "h0", first, one);
        for (int i = 0; i < 2; i++) {
            inboxes.get(i).connect(help, "m" + i, members.get(i));
        }
        run(help, "h1", second, two);
        int taken = 0;
        long step = 0;
        while (taken < 100) {
            assertTrue(step < STEPS - HelpPlan.MOST_STEPS, "only " + taken + " features came");
            for (int member = 0; member < 2; member++) {
                FeatureInbox inbox = inboxes.get(member);
                inbox.at(step);
                for (int teacher = 0; teacher < 2; teacher++) {
                    Optional<float[]> given = inbox.take(step, member, teacher, LONG);
                    float[] expected = features(new HelpPlan.Item(member, step, member, teacher));
                    given.ifPresent(values -> assertArrayEquals(expected, values));
                    taken += given.isPresent() ? 1 : 0;
                }
            }
            long furthest = Math.max(last(one), last(two));
            assertTrue(furthest <= step + HelpPlan.MOST_STEPS, furthest + " while they are at " + step);
            LockSupport.parkNanos(PACE);
            step++;
        }
        long end = step - 1 + HelpPlan.MOST_STEPS;
        until(() -> Math.min(last(one), last(two)) == end);
        assertEquals(Set.of("h0"), inboxes.get(0).used().keySet());
        assertEquals(Set.of("h1"), inboxes.get(1).used().keySet());
        assertEquals(Map.of(), inboxes.get(0).used(), "each is told once");
    }

    private static long last(Toy toy) {
        return toy.made.isEmpty() ? 0 : toy.made.get(toy.made.size() - 1).step();
    }

    @Test
    void aHelperThatHasNotShownThatItIsInTimeIsNotWaitedFor() {
        PeerTransport member = transport();
        PeerTransport helper = transport();
        Help help = help(HelpPlan.WHOLE, List.of(member), helper);
        Toy slow = new Toy(SHAPE);
        slow.permits = Optional.of(new Semaphore(0));
        run(help, "h0", helper, slow);
        FeatureInbox inbox = inbox();
        inbox.connect(help, "m0", member);
        inbox.at(0);
        long begun = System.nanoTime();
        for (long step = 0; step < 50; step++) {
            inbox.at(step);
            assertEquals(Optional.empty(), inbox.take(step, 0, 0, LONG));
        }
        assertTrue(System.nanoTime() - begun < LONG, "it was waited for");
    }

    @Test
    void aHelperThatWasInTimeIsWaitedForOnceAndPassesOverWhatIsTooLate() {
        PeerTransport member = transport();
        PeerTransport helper = transport();
        Help help = help(HelpPlan.WHOLE, List.of(member), helper);
        Toy toy = new Toy(SHAPE);
        Semaphore permits = new Semaphore(2);
        toy.permits = Optional.of(permits);
        run(help, "h0", helper, toy);
        FeatureInbox inbox = inbox();
        inbox.connect(help, "m0", member);
        inbox.at(0);
        until(() -> has(inbox, 1, 0));
        // It is at teacher 0 of step 2, and stays there.
        until(permits::hasQueuedThreads);
        inbox.at(1);
        inbox.at(2);
        long patience = TimeUnit.MILLISECONDS.toNanos(100);
        until(() -> waits(inbox, 2, patience));
        assertFalse(waits(inbox, 2, LONG), "twice");
        inbox.at(30);
        // What it begins before it hears of step 30 is all that is made in vain.
        until(() -> {
            if (permits.hasQueuedThreads()) {
                permits.release();
            }
            return LongStream.rangeClosed(31, 30 + HelpPlan.MOST_STEPS)
                    .anyMatch(step -> inbox.take(step, 0, 0, 0).isPresent());
        });
        assertTrue(toy.made.size() < 20, "it has made what nobody needs: " + toy.made);
    }

    private static boolean waits(FeatureInbox inbox, long step, long patience) {
        long begun = System.nanoTime();
        assertEquals(Optional.empty(), inbox.take(step, 0, 0, patience));
        return System.nanoTime() - begun >= patience;
    }

    @Test
    void featuresOfAnotherProfileAreRefusedWhileTheJobIsExact() {
        FeatureShape other = new FeatureShape(3, List.of(5, 7), "cpu, bits 2", true);
        PeerTransport member = transport();
        PeerTransport helper = transport();
        Help help = help(HelpPlan.WHOLE, List.of(member), helper);
        FeatureInbox inbox = inbox();
        inbox.connect(help, "m0", member);
        inbox.at(0);
        run(help, "h0", helper, new Toy(other));
        until(() -> !notices.isEmpty());
        assertEquals(
                List.of(
                        "The features of the helper h0 are not used: its profile is cpu, bits 2, and the job has cpu, bits 1"),
                notices);
        assertFalse(has(inbox, 1, 0));
        FeatureInbox inexact =
                opened(new FeatureInbox(new FeatureShape(3, List.of(5, 7), "cpu, bits 1", false), notices::add));
        PeerTransport second = transport();
        Help again = help(HelpPlan.WHOLE, List.of(second), helper);
        inexact.connect(again, "m0", second);
        inexact.at(0);
        run(again, "h0", helper, new Toy(other));
        until(() -> has(inexact, 1, 0));
    }

    /** Else a helper could send features of any number of micro-batches, and all would be kept. */
    @Test
    void featuresOfAMicroBatchThatTheMemberDoesNotHaveAreNotKept() {
        TappedWire wire = new TappedWire(new NettyWire("127.0.0.1", 0, 1 << 16));
        PeerTransport member = opened(new PeerTransport(wire));
        PeerTransport helper = transport();
        wire.arriving = frame -> wire.arrive(frame.header().place().step() == 1 ? elsewhere(frame) : frame);
        Help help = help(HelpPlan.WHOLE, List.of(member), helper);
        FeatureInbox inbox = inbox();
        inbox.connect(help, "m0", member);
        inbox.at(0);
        run(help, "h0", helper, new Toy(SHAPE));
        until(() -> has(inbox, 2, 0));
        assertFalse(has(inbox, 1, 0));
        assertEquals(Optional.empty(), inbox.take(1, 100, 0, 0));
        assertEquals(Optional.empty(), inbox.take(1, 100, 1, 0));
    }

    private static Frame elsewhere(Frame frame) {
        FrameHeader header = frame.header();
        boolean told = header.kind() == FrameHeader.Kind.STARTED || header.kind() == FrameHeader.Kind.FEATURES;
        FrameHeader.Place place = header.place();
        FrameHeader.Place other =
                new FrameHeader.Place(1, place.slot() + (told ? 100 * SHAPE.teachers() : 0), place.position());
        return new Frame(
                new FrameHeader(header.key(), header.kind(), header.from(), header.sequence(), other, header.length()),
                frame.bytes(),
                frame.release());
    }

    @Test
    void aHelperThatGoesOrIsReplacedIsNotMissed() {
        PeerTransport member = transport();
        PeerTransport helper = transport();
        Help help = help(HelpPlan.WHOLE, List.of(member), helper);
        FeatureInbox inbox = inbox();
        inbox.connect(help, "m0", member);
        inbox.at(0);
        Toy toy = new Toy(SHAPE);
        HelperLoop loop = run(help, "h0", helper, toy);
        until(() -> has(inbox, 1, 0));
        loop.stop();
        helper.close();
        inbox.at(100);
        assertEquals(Optional.empty(), inbox.take(100, 0, 0, LONG), "nobody computes it");
        PeerTransport next = transport();
        Help other = help(HelpPlan.WHOLE, List.of(member), next);
        inbox.connect(help, "m0", member); // an old order comes late
        inbox.connect(other, "m0", member);
        run(other, "h0", next, new Toy(SHAPE));
        until(() -> has(inbox, 101, 0));
    }

    @Test
    void aNewOrderMakesNothingAgainThatIsThere() {
        PeerTransport member = transport();
        PeerTransport helper = transport();
        FeatureInbox inbox = inbox();
        inbox.at(5);
        Toy toy = new Toy(SHAPE);
        Help help = help(HelpPlan.WHOLE, List.of(member), helper);
        inbox.connect(help, "m0", member);
        HelperLoop loop = run(help, "h0", helper, toy);
        until(() -> has(inbox, 5 + HelpPlan.MOST_STEPS, 0));
        loop.stop();
        Help again = help(HelpPlan.WHOLE, List.of(member), helper);
        inbox.connect(again, "m0", member);
        Toy second = new Toy(SHAPE);
        run(again, "h0", helper, second);
        inbox.at(6);
        until(() -> has(inbox, 6 + HelpPlan.MOST_STEPS, 0));
        assertEquals(
                List.of(6L + HelpPlan.MOST_STEPS),
                second.made.stream().map(HelpPlan.Item::step).distinct().toList());
    }

    @Test
    void halfAPartLeavesEverySecondFeatureToTheMember() {
        PeerTransport member = transport();
        PeerTransport helper = transport();
        Help help = help(HelpPlan.WHOLE / 2, List.of(member), helper);
        FeatureInbox inbox = inbox();
        inbox.connect(help, "m0", member);
        inbox.at(0);
        run(help, "h0", helper, new Toy(SHAPE));
        until(() -> inbox.take(9, 0, 1, 0).isPresent());
        assertEquals(Optional.empty(), inbox.take(9, 0, 0, LONG), "its own");
    }
}
