package org.simreg.worker.exchange.reduce;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.simreg.worker.base.concurrent.Abandoned;
import org.simreg.worker.exchange.mesh.PeerTransport;
import org.simreg.worker.exchange.reduce.StateExchange.Received;
import org.simreg.worker.exchange.wire.NettyWire;

class StateExchangeTest {
    private static final int CHUNK = 64 * Float.BYTES;
    private static final int[] THREE = {2, 1, 1};

    /** More chunks than credits. */
    private static final List<float[]> STATE =
            List.of(Leaves.random(1, 1, 10_000)[0], new float[0], Leaves.random(2, 1, 6401)[0]);

    @Test
    void aNewcomerGetsTheStateWhileRoundsGoOn() throws Exception {
        try (Members members = members();
                StateExchange peer = exchange(members, 1, 0);
                StateExchange other = exchange(members, 1, 1);
                StateExchange newcomer = exchange(members, 1, 2)) {
            peer.serve(2, 41, STATE, "digest of 41");
            Future<Received> state = newcomer.fetch(0);
            float[][] leaves = Leaves.random(7, 4, 3000);
            float[][][] means = members.run(1, THREE, leaves, leaves, leaves);
            assertArrayEquals(Leaves.mean(leaves), means[1][2]);
            assertState(get(state));
            assertThrows(IllegalArgumentException.class, () -> other.fetch(1));
        }
    }

    @Test
    void aFetchMayComeBeforeItsPeerHasBegunTheGeneration() throws Exception {
        try (Members members = members();
                StateExchange newcomer = exchange(members, 5, 2)) {
            Future<Received> state = newcomer.fetch(1);
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
            assertState(get(first.fetch(1)));
            assertState(get(second.fetch(1)));
        }
    }

    @Test
    void abandoningEndsTheWaitForAState() {
        try (Members members = members();
                StateExchange newcomer = exchange(members, 1, 2)) {
            Future<Received> state = newcomer.fetch(0);
            newcomer.abandon("halted after step 3");
            assertEquals("halted after step 3", abandoned(state));
            assertEquals("halted after step 3", abandoned(newcomer.fetch(1)));
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
            Future<Received> state = newcomer.fetch(0);
            killed.close();
            assertTrue(abandoned(state).startsWith("worker w0 "), abandoned(state));
        }
    }

    @Test
    void aNewGenerationServesAgain() throws Exception {
        try (Members members = members()) {
            for (long generation = 1; generation <= 3; generation++) {
                try (StateExchange peer = exchange(members, generation, 0);
                        StateExchange newcomer = exchange(members, generation, 1)) {
                    peer.serve(1, 41, STATE, "digest of 41");
                    assertState(get(newcomer.fetch(0)));
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
