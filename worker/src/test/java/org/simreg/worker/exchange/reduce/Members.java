package org.simreg.worker.exchange.reduce;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.exchange.mesh.PeerTransport;
import org.simreg.worker.exchange.mesh.Peers;

/** The members of a generation in one process, each with a transport of its own. */
public final class Members implements AutoCloseable {
    public static final long PATIENCE_SECONDS = 60;

    private final Torch torch;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final AtomicInteger mostArrays = new AtomicInteger();
    private final List<PeerTransport> transports;

    public Members(List<PeerTransport> transports) {
        this(transports, new Torch("cpu", 1));
    }

    /** @param torch closed with this */
    Members(List<PeerTransport> transports, Torch torch) {
        this.torch = torch;
        this.transports = transports;
    }

    /** The first members, with so many leaves each, as one of them sees them. */
    public Peers peers(long generation, int rank, int... counts) {
        List<Peers.Peer> peers = new ArrayList<>();
        int first = 0;
        for (int i = 0; i < counts.length; i++) {
            peers.add(new Peers.Peer("w" + i, transports.get(i).address(), first, counts[i]));
            first += counts[i];
        }
        return new Peers("job", generation, rank, peers);
    }

    public Reduce reduce(Peers peers, int length) {
        return new ClusterReduce(transports.get(peers.rank()), peers, torch.transfers(), torch.scope(), scope -> {
            NDArray vector = scope.zeros(new Shape(length));
            mostArrays.accumulateAndGet(scope.getManagedArrays().size(), Math::max);
            return vector;
        });
    }

    /** The largest number of vectors that a reduction has had at a time. */
    int mostArrays() {
        return mostArrays.get();
    }

    StateExchange exchange(Peers peers) {
        return new StateExchange(transports.get(peers.rank()), peers);
    }

    /** Runs steps of all members at the same time; the result is [member][step]. */
    public float[][][] run(long generation, int[] counts, float[][]... steps) throws Exception {
        List<Future<float[][]>> running = new ArrayList<>();
        for (int rank = 0; rank < counts.length; rank++) {
            Peers own = peers(generation, rank, counts);
            running.add(threads.submit(() -> run(own, steps)));
        }
        float[][][] means = new float[counts.length][][];
        for (int rank = 0; rank < counts.length; rank++) {
            means[rank] = running.get(rank).get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        }
        return means;
    }

    private float[][] run(Peers peers, float[][]... steps) throws Exception {
        float[][] means = new float[steps.length][];
        try (Reduce reduce = reduce(peers, steps[0][0].length)) {
            for (int step = 0; step < steps.length; step++) {
                means[step] = get(offer(reduce, peers, step, steps[step]));
            }
        }
        return means;
    }

    /** Offers this member's leaves. */
    public static Future<NDArray> offer(Reduce reduce, Peers peers, long step, float[][] leaves) {
        Reduce.Round round = reduce.begin(step, leaves.length);
        Peers.Peer self = peers.self();
        for (int leaf = self.first(); leaf < self.end(); leaf++) {
            round.vector().toByteBuffer(true).asFloatBuffer().put(leaves[leaf]);
            round.offer(leaf);
        }
        return round.mean();
    }

    public static float[] get(Future<NDArray> mean) throws Exception {
        return mean.get(PATIENCE_SECONDS, TimeUnit.SECONDS).toFloatArray();
    }

    public <T> Future<T> submit(Callable<T> task) {
        return threads.submit(task);
    }

    @Override
    public void close() {
        threads.shutdownNow();
        transports.forEach(PeerTransport::close);
        torch.close();
    }
}
