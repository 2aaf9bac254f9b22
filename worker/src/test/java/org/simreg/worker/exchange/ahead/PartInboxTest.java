package org.simreg.worker.exchange.ahead;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.simreg.worker.exchange.ahead.SharedPass.Origin;
import org.simreg.worker.exchange.ahead.SharedPass.Place;
import org.simreg.worker.exchange.mesh.Frame;
import org.simreg.worker.exchange.mesh.FrameHeader;
import org.simreg.worker.exchange.mesh.FrameHeader.Kind;
import org.simreg.worker.exchange.mesh.PeerTransport;
import org.simreg.worker.exchange.mesh.Peers;
import org.simreg.worker.exchange.reduce.TappedWire;
import org.simreg.worker.exchange.wire.NettyWire;

/** Parts of a pass on their way from two members to the one that leads, over real connections. */
@Timeout(60)
class PartInboxTest {
    /** A batch takes several frames. */
    private static final int CHUNK = 64 * Float.BYTES;

    private static final SharedPass.Rows ROWS = new SharedPass.Rows(70, 4, 41);
    private static final Origin ORIGIN = new Origin("5".repeat(64), "cpu, bits 1", true);
    private static final SharedPass FIRST = pass(7, 0);
    private static final SharedPass SECOND = pass(7, 1);
    private static final SharedPass LATER = pass(9, 0);

    private final List<AutoCloseable> open = new ArrayList<>();
    private final List<PeerTransport> transports = new ArrayList<>();
    private final TappedWire wire = new TappedWire(new NettyWire("127.0.0.1", 0, CHUNK));
    private PartInbox inbox;
    private PartOutbox one;
    private PartOutbox two;

    private static SharedPass pass(long step, int slot) {
        return new SharedPass(new Place(step, slot), ROWS, ORIGIN);
    }

    @BeforeEach
    void connect() {
        transports.add(new PeerTransport(wire));
        transports.add(new PeerTransport(new NettyWire("127.0.0.1", 0, CHUNK)));
        transports.add(new PeerTransport(new NettyWire("127.0.0.1", 0, CHUNK)));
        open.addAll(transports);
        one = (PartOutbox) shares(1);
        two = (PartOutbox) shares(2);
        inbox = (PartInbox) shares(0);
    }

    private EvaluationShares shares(int rank) {
        List<Peers.Peer> peers = IntStream.range(0, 3)
                .mapToObj(i -> new Peers.Peer("w" + i, transports.get(i).address(), i, 1))
                .toList();
        EvaluationShares shares = EvaluationShares.open(transports.get(rank), new Peers("job", 4, rank, peers));
        open.add(shares);
        return shares;
    }

    @AfterEach
    void close() throws Exception {
        for (int i = open.size() - 1; i >= 0; i--) {
            open.get(i).close();
        }
    }

    private static float[] rows(SharedPass pass, int batch) {
        float[] rows = new float[pass.rowsOf(batch) * ROWS.width()];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = 1000f * pass.place().step() + 100f * pass.place().slot() + batch + i / 4096f;
        }
        return rows;
    }

    /** Computes a member's part, as far as it is wanted and there is room. */
    private static int give(PartOutbox from, SharedPass pass) {
        int given = 0;
        for (int batch : pass.of(from.rank(), from.members())) {
            if (!from.wants(pass) || !from.awaitRoom(pass, 0)) {
                return given;
            }
            from.send(pass, batch, rows(pass, batch));
            given++;
        }
        return given;
    }

    private static void until(BooleanSupplier so) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!so.getAsBoolean()) {
            assertTrue(System.nanoTime() < end, "it never came so far");
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
        }
    }

    private void assertWhole(SharedPass pass) {
        until(() -> inbox.missing().isEmpty());
        for (int batch = 0; batch < pass.batches(); batch++) {
            if (batch % 3 != 0) {
                assertArrayEquals(rows(pass, batch), inbox.take(batch), "batch " + batch);
                assertTrue(inbox.has(batch));
            }
        }
        assertEquals(List.of(), inbox.givenUp());
    }

    @Test
    void batchesAreSharedInTurnWithoutOneTwiceOrLost() {
        for (int members = 1; members <= 7; members++) {
            List<Integer> all = new ArrayList<>();
            for (int rank = 0; rank < members; rank++) {
                all.addAll(FIRST.of(rank, members));
            }
            assertEquals(
                    IntStream.range(0, 18).boxed().toList(),
                    all.stream().sorted().toList());
        }
        assertEquals(18, FIRST.batches());
        assertEquals(4, FIRST.rowsOf(16));
        assertEquals(2, FIRST.rowsOf(17));
        assertEquals(List.of(0, 3, 6, 9, 12, 15), FIRST.of(0, 3));
    }

    @Test
    void onePassAfterTheOtherComesWhole() {
        for (SharedPass pass : List.of(FIRST, SECOND, LATER)) {
            inbox.begin(pass);
            assertEquals(6, give(one, pass));
            assertEquals(6, give(two, pass));
            assertWhole(pass);
            inbox.end();
            until(() -> one.awaitCollected(0) && two.awaitCollected(0));
        }
    }

    @Test
    void whoIsAheadWaitsUntilItsPassIsCollected() {
        inbox.begin(FIRST);
        give(one, FIRST);
        give(two, FIRST);
        until(() -> inbox.missing().isEmpty());
        assertEquals(6, give(one, SECOND), "a few wait there");
        assertEquals(2, give(one, LATER), "and no more");
        assertFalse(one.awaitCollected(0));
        assertWhole(FIRST);
        inbox.begin(SECOND);
        give(two, SECOND);
        assertWhole(SECOND);
        until(() -> one.awaitRoom(LATER, 0));
        assertFalse(one.wants(FIRST));
    }

    @Test
    void whatIsNotWantedAnyMoreIsForgotten() {
        inbox.begin(FIRST);
        until(() -> one.awaitRoom(FIRST, 0));
        one.send(FIRST, 1, rows(FIRST, 1));
        inbox.end(LATER.place());
        until(() -> !one.wants(SECOND));
        assertTrue(one.awaitCollected(0));
        one.send(FIRST, 4, rows(FIRST, 4));
        one.send(SECOND, 7, rows(SECOND, 7));
        inbox.begin(LATER);
        give(one, LATER);
        give(two, LATER);
        assertWhole(LATER);
    }

    @Test
    void whatAMemberLeavesOrIsLostWithIsGivenUp() {
        inbox.begin(FIRST);
        one.leave(FIRST, 4);
        until(() -> inbox.givenUp().equals(List.of(4)));
        transports.get(2).close();
        until(() -> inbox.givenUp().equals(List.of(2, 4, 5, 8, 11, 14, 17)));
        until(() -> !two.wants(FIRST));
        assertTrue(two.awaitRoom(FIRST, 0) && two.awaitCollected(0), "it waits for nobody");
        assertTrue(one.wants(FIRST));
    }

    static Stream<UnaryOperator<Frame>> forgers() {
        return Stream.of(
                header(payload -> payload.putInt(0, 5)),
                header(payload -> payload.putInt(0, -1)),
                header(payload -> payload.putInt(4, 40)),
                header(payload -> payload.putInt(4, Integer.MAX_VALUE)),
                header(payload -> payload.limit(7)),
                header(payload -> payload.put(8, (byte) ~payload.get(8))),
                header(payload -> payload.put(45, (byte) '6')),
                placed(Kind.FEATURES, 7, 0, 2),
                placed(Kind.FEATURES, 7, 0, 18),
                placed(Kind.FEATURES, 7, 0, -1),
                placed(Kind.FEATURES, 8, 0, 1),
                placed(Kind.VALUES, 7, 0, -1),
                placed(Kind.VALUES, 7, 0, 163),
                placed(Kind.VALUES, 7, 1, 0),
                placed(Kind.VALUES, 7, 0, 0));
    }

    private static UnaryOperator<Frame> header(UnaryOperator<ByteBuffer> change) {
        return frame -> frame.header().kind() == Kind.FEATURES
                ? forged(frame, frame.header().place(), change.apply(frame.payload()))
                : frame;
    }

    private static UnaryOperator<Frame> placed(Kind kind, long step, int slot, int position) {
        return frame -> frame.header().kind() == kind
                ? forged(frame, new FrameHeader.Place(step, slot, position), frame.payload())
                : frame;
    }

    private static Frame forged(Frame frame, FrameHeader.Place place, ByteBuffer payload) {
        FrameHeader of = frame.header();
        FrameHeader header = new FrameHeader(of.key(), of.kind(), of.from(), of.sequence(), place, payload.remaining());
        ByteBuffer bytes = ByteBuffer.allocate(header.frameBytes());
        header.write(bytes, Frame.Payload.of(payload));
        return new Frame(header, bytes, () -> {});
    }

    @ParameterizedTest
    @MethodSource("forgers")
    void whatIsNoPartOfThePassIsRefusedAndNeitherEndWaitsForTheOther(UnaryOperator<Frame> forger) {
        wire.arriving = frame -> {
            Frame copy = TappedWire.copy(frame);
            frame.release().run();
            wire.arrive(forger.apply(copy));
        };
        inbox.begin(FIRST);
        give(one, FIRST);
        until(() -> inbox.givenUp().equals(FIRST.of(1, 3)));
        until(() -> !one.wants(FIRST));
        assertTrue(one.awaitCollected(0));
    }
}
