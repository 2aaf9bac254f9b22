package org.simreg.worker.exchange.wire;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import io.vertx.core.Vertx;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.simreg.worker.base.concurrent.Abandoned;
import org.simreg.worker.exchange.mesh.Frame;
import org.simreg.worker.exchange.mesh.FrameHeader.Kind;
import org.simreg.worker.exchange.mesh.FrameWire;
import org.simreg.worker.exchange.mesh.PeerLink;
import org.simreg.worker.exchange.mesh.PeerTransport;
import org.simreg.worker.exchange.reduce.Leaves;
import org.simreg.worker.exchange.reduce.Members;
import org.simreg.worker.exchange.reduce.Reduce;
import org.simreg.worker.exchange.reduce.TappedWire;

/** Failures of members: none ends in a wrong sum, or in a wait without an end. */
class FailingMembersTest {
    private static final int CHUNK = 64 * Float.BYTES;
    private static final int LENGTH = 5000;
    private static final int[] COUNTS = {2, 1, 1};
    private static final float[][] LEAVES = Leaves.random(5, 4, LENGTH);

    private final Vertx vertx = Vertx.vertx();
    private List<TappedWire> wires;
    private List<PeerTransport> transports;
    private Members members;

    private void start(String transport) {
        Function<Integer, FrameWire> wire = transport.equals("netty")
                ? i -> new NettyWire("127.0.0.1", 0, CHUNK)
                : i -> new EventBusWire(vertx, CHUNK);
        wires = IntStream.range(0, 3)
                .mapToObj(i -> new TappedWire(wire.apply(i)))
                .toList();
        transports = wires.stream().map(PeerTransport::new).toList();
        members = new Members(transports);
    }

    @AfterEach
    void stop() {
        members.close();
        vertx.close().await();
    }

    @ParameterizedTest
    @ValueSource(strings = {"netty", "eventbus"})
    void aMemberKilledBetweenScatterAndGatherIsNamedAndTheOthersGoOnWithoutIt(String transport) throws Exception {
        start(transport);
        CompletableFuture<Void> killed = new CompletableFuture<>();
        wires.get(1).sending = header -> {
            if (header.kind() == Kind.SUM && !killed.isDone()) {
                killed.complete(null);
                members.submit(() -> close(transports.get(1)));
            }
            return header.kind() != Kind.SUM;
        };
        try (Reduce first = reduce(1, 0);
                Reduce second = reduce(1, 1);
                Reduce third = reduce(1, 2)) {
            Future<NDArray> mean = offer(first, 0);
            offer(second, 1);
            Future<NDArray> other = offer(third, 2);
            assertTrue(abandoned(mean).startsWith("worker w1 "), abandoned(mean));
            assertTrue(abandoned(other).startsWith("worker w1 "), abandoned(other));
        }
        assertArrayEquals(Leaves.mean(LEAVES), members.run(2, new int[] {4}, LEAVES)[0][0], "alone");
    }

    private static Void close(PeerTransport transport) {
        transport.close();
        return null;
    }

    @Timeout(60)
    @ParameterizedTest
    @ValueSource(strings = {"netty", "eventbus"})
    void aFrozenReceiverHoldsFewFramesAndGetsAllWhenItWakes(String transport) throws Exception {
        start(transport);
        BlockingQueue<Frame> frozen = new LinkedBlockingQueue<>();
        AtomicInteger underWay = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        TappedWire sleeper = wires.get(1);
        wires.get(0).sending = header -> {
            if (header.kind().isData()) {
                most.accumulateAndGet(underWay.incrementAndGet(), Math::max);
            }
            return true;
        };
        AtomicBoolean awake = new AtomicBoolean();
        sleeper.arriving = frame -> {
            synchronized (frozen) {
                if (frame.header().kind().isData() && !awake.get()) {
                    frozen.add(frame);
                } else {
                    pass(frame, sleeper, underWay);
                }
            }
        };
        try (Reduce first = reduce(1, 0, 2, 2);
                Reduce second = reduce(1, 1, 2, 2)) {
            Future<NDArray> mean = offer(first, 0, 2, 2);
            Future<NDArray> other = offer(second, 1, 2, 2);
            while (frozen.size() < PeerLink.WINDOW) {
                Thread.onSpinWait();
            }
            assertEquals(PeerLink.WINDOW, underWay.get());
            synchronized (frozen) {
                frozen.forEach(frame -> pass(frame, sleeper, underWay));
                awake.set(true);
            }
            assertArrayEquals(Leaves.mean(LEAVES), Members.get(mean));
            assertArrayEquals(Leaves.mean(LEAVES), Members.get(other));
            assertEquals(PeerLink.WINDOW, most.get(), "frames under way at a time");
        }
    }

    private static void pass(Frame frame, TappedWire wire, AtomicInteger underWay) {
        if (frame.header().kind().isData()) {
            underWay.decrementAndGet();
        }
        wire.arrive(frame);
    }

    @ParameterizedTest
    @ValueSource(strings = {"netty", "eventbus"})
    void aMemberThatBeginsLateGetsWhatWasSentBefore(String transport) throws Exception {
        start(transport);
        try (Reduce first = reduce(1, 0);
                Reduce third = reduce(1, 2)) {
            Future<NDArray> mean = offer(first, 0);
            Future<NDArray> other = offer(third, 2);
            try (Reduce second = reduce(1, 1)) {
                assertArrayEquals(Leaves.mean(LEAVES), Members.get(offer(second, 1)));
                assertArrayEquals(Leaves.mean(LEAVES), Members.get(mean));
                assertArrayEquals(Leaves.mean(LEAVES), Members.get(other));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"PARTIAL", "SUM"})
    void aBitThatFlipsOnTheWayEndsTheGenerationInsteadOfTheSum(String kind) throws Exception {
        start("netty");
        TappedWire victim = wires.get(1);
        AtomicInteger seen = new AtomicInteger();
        victim.arriving = frame -> {
            if (frame.header().kind().name().equals(kind) && seen.incrementAndGet() == 5) {
                int at = frame.bytes().limit() - 1;
                frame.bytes().put(at, (byte) (frame.bytes().get(at) ^ 4));
            }
            victim.arrive(frame);
        };
        try (Reduce first = reduce(1, 0);
                Reduce second = reduce(1, 1);
                Reduce third = reduce(1, 2)) {
            offer(first, 0);
            offer(third, 2);
            String reason = abandoned(offer(second, 1));
            assertTrue(reason.contains("damaged"), reason);
            assertTrue(reason.startsWith("worker w"), reason);
        }
    }

    @Test
    void aFrameThatIsLostIsMissedAtTheNextOne() throws Exception {
        start("eventbus");
        AtomicInteger seen = new AtomicInteger();
        wires.get(0).sending = header -> !header.kind().isData() || seen.incrementAndGet() != 3;
        try (Reduce first = reduce(1, 0, 1, 1);
                Reduce second = reduce(1, 1, 1, 1)) {
            offer(first, 0, 1, 1);
            String reason = abandoned(offer(second, 1, 1, 1));
            assertTrue(reason.startsWith("worker w0 lost frames"), reason);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"netty", "eventbus"})
    void framesOfAGenerationThatIsOverChangeNothing(String transport) throws Exception {
        start(transport);
        TappedWire late = wires.get(1);
        BlockingQueue<Frame> old = new LinkedBlockingQueue<>();
        late.arriving = frame -> {
            if (frame.header().kind().isData()) {
                old.add(TappedWire.copy(frame));
            }
            late.arrive(frame);
        };
        members.run(1, COUNTS, Leaves.random(6, 4, LENGTH));
        late.arriving = frame -> {
            Frame again = old.poll();
            if (again != null) {
                late.arriveAgain(again);
            }
            late.arrive(frame);
        };
        int frames = old.size();
        float[][][] means = members.run(2, COUNTS, LEAVES, LEAVES);
        for (float[][] member : means) {
            assertArrayEquals(Leaves.mean(LEAVES), member[0]);
            assertArrayEquals(Leaves.mean(LEAVES), member[1]);
        }
        long refused = transports.get(1).refused();
        assertEquals(frames - old.size(), refused);
        assertTrue(refused > 100, refused + " frames refused");
    }

    @Test
    void aPeerWhoseTransportIsNotThereIsNamed() throws Exception {
        start("netty");
        transports.get(2).close();
        try (Reduce first = reduce(1, 0)) {
            String reason = abandoned(offer(first, 0));
            String named = "worker w2 can't be reached at " + wires.get(2).address() + ": ";
            assertTrue(reason.startsWith(named), reason);
        }
    }

    private Reduce reduce(long generation, int rank, int... counts) {
        return members.reduce(members.peers(generation, rank, counts.length == 0 ? COUNTS : counts), LENGTH);
    }

    private Future<NDArray> offer(Reduce reduce, int rank, int... counts) {
        int[] all = counts.length == 0 ? COUNTS : counts;
        return Members.offer(
                reduce,
                members.peers(1, rank, all),
                0,
                Arrays.copyOf(LEAVES, IntStream.of(all).sum()));
    }

    private static String abandoned(Future<?> mean) {
        ExecutionException e =
                assertThrows(ExecutionException.class, () -> mean.get(Members.PATIENCE_SECONDS, TimeUnit.SECONDS));
        return assertInstanceOf(Abandoned.class, e.getCause()).getMessage();
    }
}
