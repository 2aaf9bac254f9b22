package org.simreg.worker.exchange.reduce;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.simreg.worker.engine.torch.LateCopies;
import org.simreg.worker.exchange.mesh.PeerTransport;
import org.simreg.worker.exchange.wire.EventBusWire;
import org.simreg.worker.exchange.wire.NettyWire;

/** The mean has the bits of one worker's, whoever computed which leaves. */
class ClusterReduceTest {
    /** Two chunks or more in a segment of most lengths here. */
    private static final int CHUNK = 32 * Float.BYTES;

    @Test
    void everyNumberOfMembersAndLeavesGivesTheBitsOfOneWorkerOverTheEventBus() throws Exception {
        Vertx vertx = Vertx.vertx();
        try (Members members = members(20, () -> new PeerTransport(new EventBusWire(vertx, CHUNK)))) {
            assertEqualBits(members, 20, 1);
        } finally {
            vertx.close().await();
        }
    }

    @Test
    void everyNumberOfMembersAndLeavesGivesTheBitsOfOneWorkerOverNetty() throws Exception {
        try (Members members = members(9, () -> new PeerTransport(new NettyWire("127.0.0.1", 0, CHUNK)))) {
            assertEqualBits(members, 9, 3);
        }
    }

    @Test
    void everySplitOfSevenLeavesGivesTheSameBits() throws Exception {
        Vertx vertx = Vertx.vertx();
        try (Members members = members(7, () -> new PeerTransport(new EventBusWire(vertx, CHUNK)))) {
            float[][] leaves = Leaves.random(3, 7, 150);
            long generation = 1;
            for (int bits = 0; bits < 1 << 6; bits++) {
                assertMeans(members, generation++, split(7, bits), leaves);
            }
        } finally {
            vertx.close().await();
        }
    }

    @Test
    void aVectorOfManyFullSizedChunksHasTheSameBitsOverBoth() throws Exception {
        Vertx vertx = Vertx.vertx();
        float[][] leaves = Leaves.random(4, 4, 700_001);
        int[] counts = {2, 1, 1};
        try (Members netty = members(3, () -> NettyWire.transport("127.0.0.1", 0));
                Members bus = members(3, () -> EventBusWire.transport(vertx))) {
            assertMeans(netty, 1, counts, leaves, leaves);
            assertMeans(bus, 1, counts, leaves, leaves);
        } finally {
            vertx.close().await();
        }
    }

    /** As a GPU's: sums leave and means arrive by copies that are made when somebody waits for them. */
    @Test
    void lateCopiesBetweenHostAndDeviceChangeNoBit() throws Exception {
        List<PeerTransport> transports = Stream.generate(() -> new PeerTransport(new NettyWire("127.0.0.1", 0, CHUNK)))
                .limit(4)
                .toList();
        try (Members members = new Members(transports, LateCopies.device())) {
            assertEqualBits(members, 4, 3);
        }
    }

    @Test
    void vectorsAreUsedAgainFromStepToStep() throws Exception {
        Supplier<PeerTransport> netty = () -> new PeerTransport(new NettyWire("127.0.0.1", 0, CHUNK));
        try (Members members = members(2, netty)) {
            float[][][] steps = new float[20][][];
            Arrays.fill(steps, Leaves.random(9, 6, 700));
            int[] counts = {3, 3};
            members.run(1, counts, Arrays.copyOf(steps, 2));
            int kept = members.mostArrays();
            members.run(2, counts, steps);
            assertEquals(kept, members.mostArrays());
        }
    }

    private static void assertEqualBits(Members members, int most, int splits) throws Exception {
        SplittableRandom random = new SplittableRandom(11);
        long generation = 1;
        for (int leaves = 1; leaves <= most; leaves++) {
            for (int workers = 1; workers <= leaves; workers++) {
                for (int split = 0; split < splits; split++) {
                    int length = 1 + random.nextInt(500);
                    assertMeans(
                            members,
                            generation++,
                            split(random, leaves, workers),
                            Leaves.random(generation, leaves, length),
                            Leaves.random(-generation, leaves, length));
                }
            }
        }
    }

    private static void assertMeans(Members members, long generation, int[] counts, float[][]... steps)
            throws Exception {
        float[][][] means = members.run(generation, counts, steps);
        for (int step = 0; step < steps.length; step++) {
            float[] expected = Leaves.mean(steps[step]);
            for (int rank = 0; rank < counts.length; rank++) {
                String what = "rank %d of %s, step %d, %d floats";
                assertArrayEquals(
                        expected,
                        means[rank][step],
                        what.formatted(rank, Arrays.toString(counts), step, expected.length));
            }
        }
    }

    /** Ranges of leaves: a set bit i cuts after leaf i. */
    private static int[] split(int leaves, int cuts) {
        List<Integer> counts = new ArrayList<>();
        int count = 1;
        for (int leaf = 0; leaf < leaves - 1; leaf++) {
            if ((cuts >> leaf & 1) == 1) {
                counts.add(count);
                count = 0;
            }
            count++;
        }
        counts.add(count);
        return counts.stream().mapToInt(Integer::intValue).toArray();
    }

    private static int[] split(SplittableRandom random, int leaves, int workers) {
        int[] counts = new int[workers];
        Arrays.fill(counts, 1);
        for (int rest = leaves - workers; rest > 0; rest--) {
            counts[random.nextInt(workers)]++;
        }
        return counts;
    }

    private static Members members(int count, Supplier<PeerTransport> transports) {
        return new Members(Stream.generate(transports).limit(count).toList());
    }
}
