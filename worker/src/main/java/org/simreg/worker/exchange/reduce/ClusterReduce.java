package org.simreg.worker.exchange.reduce;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.simreg.worker.base.concurrent.Abandoned;
import org.simreg.worker.base.concurrent.SerialThread;
import org.simreg.worker.engine.torch.Transfers;
import org.simreg.worker.exchange.mesh.FrameHeader;
import org.simreg.worker.exchange.mesh.PeerMesh;
import org.simreg.worker.exchange.mesh.PeerTransport;
import org.simreg.worker.exchange.mesh.Peers;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The reduction among the members of a generation: each owns a segment of the vector, gets the
 * others' partial sums of it (reduce-scatter), and sends the sum to all (all-gather). Partial sums
 * are whole subtrees of the tree, and leave as soon as they are complete. The mean has the bits of
 * {@link LocalReduce}, whoever computed what.
 *
 * <p>The caller's thread sums subtrees on the device; the rest happens on a thread of its own. If a
 * member can't be reached, or its frames can't be trusted, means fail with {@link Abandoned}, now
 * and later, and the message names it.
 */
public final class ClusterReduce implements Reduce {
    private static final Logger LOG = LoggerFactory.getLogger(ClusterReduce.class);

    /** How long others may take for what they need of the last step. */
    private static final long LAST_MS = 1000;

    private final PeerTransport transport;
    private final Peers peers;
    private final DeviceVectors vectors;
    private final DeviceVectors.MeanVector mean;
    private final SegmentSums sums;
    private final SerialThread thread;
    private final PeerMesh mesh;
    private volatile CompletableFuture<NDArray> future = CompletableFuture.completedFuture(null);
    private volatile Throwable end;

    /**
     * @param transport stays the caller's
     * @param peers the generation; begins here only once
     * @param transfers of the vectors' device
     * @param scope owner of the vectors; closed with this
     * @param allocate makes a zeroed float32 vector, as long on every member
     */
    public ClusterReduce(
            PeerTransport transport,
            Peers peers,
            Transfers transfers,
            NDManager scope,
            Function<NDManager, NDArray> allocate) {
        this.transport = transport;
        this.peers = peers;
        vectors = new DeviceVectors(scope, allocate, Optional.of(transfers));
        mean = vectors.mean();
        Segments segments = new Segments(mean.length(), peers.size(), transport.chunk());
        sums = new SegmentSums(peers, segments, mean.sum(), new Outcome());
        thread = new SerialThread("simreg-reduce", this::end);
        mesh = new PeerMesh(peers, FrameHeader.Use.REDUCE, thread, sums);
        sums.on(mesh);
        try {
            transport.open(mesh, true);
        } catch (IllegalStateException e) {
            thread.close();
            throw e;
        }
    }

    @Override
    public Round begin(long step, int leaves) {
        if (leaves != peers.leaves()) {
            throw new IllegalArgumentException(
                    "step %d has %d leaves, the members %d".formatted(step, leaves, peers.leaves()));
        }
        // After an end they may still be read: others must not get a wrong sum.
        if (end == null) {
            vectors.freeRead();
            mean.used();
        }
        future = new CompletableFuture<>();
        if (end == null) {
            thread.post(() -> sums.begin(step));
        } else {
            future.completeExceptionally(end);
        }
        return new ClusterRound();
    }

    @Override
    public void abandon(String reason) {
        end(new Abandoned(reason));
    }

    private void end(Throwable why) {
        synchronized (this) {
            if (end != null) {
                return;
            }
            end = why;
        }
        future.completeExceptionally(why);
        thread.post(mesh::stop);
    }

    /**
     * Frees everything. Waits a moment, at most a second, for what the others still need of the
     * last step, unless it was abandoned.
     */
    @Override
    public void close() {
        if (end == null && future.isDone()) {
            awaitLastSums();
        }
        end(new Abandoned("the generation is over"));
        thread.close();
        transport.close(mesh);
        vectors.close();
    }

    /** Without this worker's sums of the last step the others would be a step behind. */
    private void awaitLastSums() {
        CountDownLatch sent = new CountDownLatch(1);
        thread.post(() -> mesh.onceIdle(sent::countDown));
        try {
            if (!sent.await(LAST_MS, TimeUnit.MILLISECONDS)) {
                LOG.debug("closed while others still take the sums of the last step");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** The listener that completes a step's mean, or fails it; called on the mesh's thread. */
    private final class Outcome implements SegmentSums.Listener {
        @Override
        public void whole() {
            future.complete(mean.mean(peers.leaves()));
        }

        @Override
        public void broken(String why) {
            end(new Abandoned(why));
        }
    }

    /** The reduction of one step, of which this member computes its leaves. */
    private final class ClusterRound implements Round {
        private final List<TreeJoin.Subtree> parts = sums.tree().parts(peers.rank());
        private final CompletableFuture<NDArray> mine = future;
        private final TreeSum<NDArray> sum = new TreeSum<>(vectors::add);
        private NDArray given;
        private int next = peers.self().first();
        private int part;

        @Override
        public NDArray vector() {
            given = vectors.next();
            return given;
        }

        @Override
        public void offer(int leaf) {
            if (leaf != next) {
                throw new IllegalArgumentException("leaf " + leaf + " is offered, " + next + " is due");
            }
            next++;
            sum.next(given);
            if (next == parts.get(part).end()) {
                share(sum.total());
            }
        }

        private void share(NDArray total) {
            int number = sums.tree().firstPart(peers.rank()) + part++;
            if (end == null) {
                Transfers.Reading values = vectors.read(total);
                thread.post(() -> sums.offer(number, values.await()));
            } else {
                vectors.free(total);
            }
        }

        @Override
        public Future<NDArray> mean() {
            return mine;
        }
    }
}
