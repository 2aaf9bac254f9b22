package org.simreg.worker.exchange.reduce;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.simreg.worker.base.concurrent.Abandoned;
import org.simreg.worker.exchange.mesh.PeerTransport;
import org.simreg.worker.exchange.mesh.Peers;
import org.simreg.worker.exchange.wire.NettyWire;

/** Abandoned reductions: every wait ends at once, at whatever point of a step. */
class AbandonedTest {
    private static final int LENGTH = 5000;
    private static final int CHUNK = 64 * Float.BYTES;
    private static final int[] COUNTS = {2, 2};
    private static final float[][] LEAVES = Leaves.random(5, 4, LENGTH);

    private final List<PeerTransport> transports = Stream.generate(
                    () -> new PeerTransport(new NettyWire("127.0.0.1", 0, CHUNK)))
            .limit(2)
            .toList();
    private final Members members = new Members(transports);
    private final Peers peers = members.peers(1, 0, COUNTS);

    @AfterEach
    void stop() {
        members.close();
    }

    @Test
    void beforeAStepBegins() {
        try (Reduce reduce = members.reduce(peers, LENGTH)) {
            reduce.abandon("halted");
            assertAbandoned(Members.offer(reduce, peers, 0, LEAVES));
            assertAbandoned(Members.offer(reduce, peers, 1, LEAVES));
        }
    }

    @Test
    void betweenTwoLeaves() {
        try (Reduce reduce = members.reduce(peers, LENGTH)) {
            Reduce.Round round = reduce.begin(0, 4);
            round.vector();
            round.offer(0);
            reduce.abandon("halted");
            round.vector();
            round.offer(1);
            assertAbandoned(round.mean());
        }
    }

    @Test
    void whileAPeersPartIsWaitedFor() {
        try (Reduce reduce = members.reduce(peers, LENGTH);
                Reduce peer = members.reduce(members.peers(1, 1, COUNTS), LENGTH)) {
            Future<NDArray> mean = Members.offer(reduce, peers, 0, LEAVES);
            peer.begin(0, 4);
            members.submit(() -> {
                reduce.abandon("halted");
                return null;
            });
            assertAbandoned(mean);
            reduce.abandon("a later reason changes nothing");
            assertAbandoned(Members.offer(reduce, peers, 1, LEAVES));
            peer.abandon("halted");
        }
    }

    @Test
    void aMeanThatIsThereStaysAndTheNextOneFails() throws Exception {
        Peers other = members.peers(1, 1, COUNTS);
        try (Reduce reduce = members.reduce(peers, LENGTH);
                Reduce peer = members.reduce(other, LENGTH)) {
            Future<NDArray> mean = Members.offer(reduce, peers, 0, LEAVES);
            Members.get(Members.offer(peer, other, 0, LEAVES));
            Members.get(mean);
            reduce.abandon("halted");
            assertArrayEquals(Leaves.mean(LEAVES), Members.get(mean));
            assertAbandoned(Members.offer(reduce, peers, 1, LEAVES));
            peer.abandon("halted");
        }
    }

    @Test
    void closingEndsAWait() {
        Reduce reduce = members.reduce(peers, LENGTH);
        Future<NDArray> mean = Members.offer(reduce, peers, 0, LEAVES);
        reduce.close();
        assertEquals("the generation is over", reason(mean));
    }

    @Test
    void closingTheTransportEndsAWait() {
        try (Reduce reduce = members.reduce(peers, LENGTH)) {
            Future<NDArray> mean = Members.offer(reduce, peers, 0, LEAVES);
            transports.get(0).close();
            assertTrue(reason(mean).contains("are closed"), reason(mean));
        }
    }

    @Test
    void aGenerationBeginsOnlyOnceInAProcess() {
        try (Reduce reduce = members.reduce(peers, LENGTH)) {
            assertThrows(IllegalStateException.class, () -> members.reduce(peers, LENGTH));
            reduce.abandon("halted");
        }
    }

    @Test
    void leavesThatDontFitTheMembersAreRefused() {
        try (Reduce reduce = members.reduce(peers, LENGTH)) {
            assertThrows(IllegalArgumentException.class, () -> reduce.begin(0, 5));
            Reduce.Round round = reduce.begin(0, 4);
            round.vector();
            assertThrows(IllegalArgumentException.class, () -> round.offer(1));
            reduce.abandon("halted");
        }
    }

    private static void assertAbandoned(Future<NDArray> mean) {
        assertEquals("halted", reason(mean));
    }

    private static String reason(Future<NDArray> mean) {
        ExecutionException e =
                assertThrows(ExecutionException.class, () -> mean.get(Members.PATIENCE_SECONDS, TimeUnit.SECONDS));
        return assertInstanceOf(Abandoned.class, e.getCause()).getMessage();
    }
}
