package org.simreg.worker.exchange.reduce;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.simreg.worker.base.concurrent.Abandoned;
import org.simreg.worker.exchange.mesh.Frame;
import org.simreg.worker.exchange.mesh.FrameHeader;
import org.simreg.worker.exchange.mesh.FrameHeader.Kind;
import org.simreg.worker.exchange.mesh.PeerTransport;
import org.simreg.worker.exchange.reduce.StateExchange.Received;
import org.simreg.worker.exchange.wire.NettyWire;

class StateExchangeTest {
    private static final int CHUNK = 64 * Float.BYTES;
    private static final int[] THREE = {2, 1, 1};

    /** More chunks than credits. */
    private static final List<float[]> STATE =
            List.of(Leaves.random(1, 1, 10_000)[0], new float[0], Leaves.random(2, 1, 6401)[0]);

    private static final List<Integer> LENGTHS =
            STATE.stream().map(vector -> vector.length).toList();

    @Test
    void aNewcomerGetsTheStateWhileRoundsGoOn() throws Exception {
        try (Members members = members();
                StateExchange peer = exchange(members, 1, 0);
                StateExchange other = exchange(members, 1, 1);
                StateExchange newcomer = exchange(members, 1, 2)) {
            peer.serve(2, 41, STATE, "digest of 41");
            Future<Received> state = newcomer.fetch(0, LENGTHS);
            float[][] leaves = Leaves.random(7, 4, 3000);
            float[][][] means = members.run(1, THREE, leaves, leaves, leaves);
            assertArrayEquals(Leaves.mean(leaves), means[1][2]);
            assertState(get(state));
            assertThrows(IllegalArgumentException.class, () -> other.fetch(1, LENGTHS));
        }
    }

    @Test
    void aFetchMayComeBeforeItsPeerHasBegunTheGeneration() throws Exception {
        try (Members members = members();
                StateExchange newcomer = exchange(members, 5, 2)) {
            Future<Received> state = newcomer.fetch(1, LENGTHS);
            try (StateExchange peer = exchange(members, 5, 1)) {
                peer.serve(2, 41, STATE, "digest of 41");
                assertState(get(state));
            }
        }
    }

    @Test
    void twoNewcomersAreServedByOnePeer() throws Exception {
        try (Members members = members();
                StateExchange peer = exchange(members, 1, 1);
                StateExchange first = exchange(members, 1, 0);
                StateExchange second = exchange(members, 1, 2)) {
            peer.serve(0, 41, STATE, "digest of 41");
            peer.serve(2, 41, STATE, "digest of 41");
            assertState(get(first.fetch(1, LENGTHS)));
            assertState(get(second.fetch(1, LENGTHS)));
        }
    }

    @Test
    void abandoningEndsTheWaitForAState() {
        try (Members members = members();
                StateExchange newcomer = exchange(members, 1, 2)) {
            Future<Received> state = newcomer.fetch(0, LENGTHS);
            newcomer.abandon("halted after step 3");
            assertEquals("halted after step 3", abandoned(state));
            assertEquals("halted after step 3", abandoned(newcomer.fetch(1, LENGTHS)));
        }
    }

    @Test
    void aPeerThatIsKilledWhileItSendsItsStateIsNamed() throws Exception {
        PeerTransport killed = transport();
        PeerTransport alive = transport();
        try (Members members = new Members(List.of(killed, alive));
                StateExchange newcomer = new StateExchange(alive, members.peers(1, 1, 1, 1));
                StateExchange peer = new StateExchange(killed, members.peers(1, 0, 1, 1))) {
            peer.serve(1, 41, List.of(new float[5_000_000]), "never whole");
            Future<Received> state = newcomer.fetch(0, List.of(5_000_000));
            killed.close();
            assertTrue(abandoned(state).startsWith("worker w0 "), abandoned(state));
        }
    }

    /** The numbers at the start of what a peer says of its state: how many vectors, and their lengths. */
    static Stream<int[]> contents() {
        return Stream.of(
                new int[] {},
                new int[] {Integer.MAX_VALUE},
                new int[] {-1},
                new int[] {3},
                new int[] {2, 10_000, 0},
                new int[] {3, 10_000, 0, Integer.MAX_VALUE},
                new int[] {3, 10_000, 0, -6401},
                new int[] {4, 10_000, 0, 6401, Integer.MAX_VALUE});
    }

    @ParameterizedTest
    @MethodSource("contents")
    void noMemoryIsTakenForAStateThatIsNotTheJobs(int[] numbers) throws Exception {
        ByteBuffer forged = ByteBuffer.allocate(numbers.length * Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        IntStream.of(numbers).forEach(forged::putInt);
        assertRefused(frame -> frame.header().kind() == Kind.CONTENTS
                ? forged(frame, frame.header().place(), forged.flip())
                : frame);
    }

    @Test
    void contentsThatComeTwiceAreRefused() throws Exception {
        ByteBuffer[] contents = {null};
        assertRefused(frame -> {
            FrameHeader header = frame.header();
            if (header.kind() == Kind.CONTENTS) {
                contents[0] = TappedWire.copy(frame).payload();
            }
            return header.kind() == Kind.VALUES ? forged(Kind.CONTENTS, header, header.place(), contents[0]) : frame;
        });
    }

    @ParameterizedTest
    @CsvSource({"-1, 0", "3, 0", "0, -1", "0, 9999", "0, 2147483647", "1, 0"})
    void valuesOfNoPlaceInTheStateAreRefused(int slot, int position) throws Exception {
        assertRefused(frame -> frame.header().kind() == Kind.VALUES
                ? forged(frame, new FrameHeader.Place(41, slot, position), frame.payload())
                : frame);
    }

    private static Frame forged(Frame frame, FrameHeader.Place place, ByteBuffer payload) {
        return forged(frame.header().kind(), frame.header(), place, payload);
    }

    private static Frame forged(Kind kind, FrameHeader of, FrameHeader.Place place, ByteBuffer payload) {
        FrameHeader header = new FrameHeader(of.key(), kind, of.from(), of.sequence(), place, payload.remaining());
        ByteBuffer bytes = ByteBuffer.allocate(header.frameBytes());
        header.write(bytes, Frame.Payload.of(payload));
        return new Frame(header, bytes, () -> {});
    }

    /** Serves a state whose frames are forged on their way. */
    private static void assertRefused(UnaryOperator<Frame> forger) throws Exception {
        TappedWire wire = new TappedWire(new NettyWire("127.0.0.1", 0, CHUNK));
        PeerTransport victim = new PeerTransport(wire);
        wire.arriving = frame -> wire.arrive(forger.apply(frame));
        try (Members members = new Members(List.of(transport(), victim));
                StateExchange peer = members.exchange(members.peers(1, 0, 1, 1));
                StateExchange newcomer = members.exchange(members.peers(1, 1, 1, 1))) {
            peer.serve(1, 41, STATE, "digest of 41");
            String reason = abandoned(newcomer.fetch(0, LENGTHS));
            assertTrue(reason.startsWith("worker w0 sent a state that is none: "), reason);
        }
    }

    @Test
    void aNewGenerationServesAgain() throws Exception {
        try (Members members = members()) {
            for (long generation = 1; generation <= 3; generation++) {
                try (StateExchange peer = exchange(members, generation, 0);
                        StateExchange newcomer = exchange(members, generation, 1)) {
                    peer.serve(1, 41, STATE, "digest of 41");
                    assertState(get(newcomer.fetch(0, LENGTHS)));
                }
            }
        }
    }

    private static Members members() {
        return new Members(List.of(transport(), transport(), transport()));
    }

    private static PeerTransport transport() {
        return new PeerTransport(new NettyWire("127.0.0.1", 0, CHUNK));
    }

    private static StateExchange exchange(Members members, long generation, int rank) {
        return members.exchange(members.peers(generation, rank, THREE));
    }

    private static <T> T get(Future<T> future) throws Exception {
        return future.get(Members.PATIENCE_SECONDS, TimeUnit.SECONDS);
    }

    private static String abandoned(Future<?> future) {
        ExecutionException e = assertThrows(ExecutionException.class, () -> get(future));
        return assertInstanceOf(Abandoned.class, e.getCause()).getMessage();
    }

    private static void assertState(Received state) {
        assertEquals(41, state.step());
        assertEquals("digest of 41", state.sha256());
        assertEquals(STATE.size(), state.vectors().size());
        for (int i = 0; i < STATE.size(); i++) {
            assertArrayEquals(STATE.get(i), state.vectors().get(i));
        }
    }
}
