package org.simreg.worker.reduce;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The reduction among several members. The caller's thread sums whole subtrees on the device; the
 * rest happens on a thread of its own.
 */
final class SharedReduce implements Reduce {
    private static final Logger LOG = LoggerFactory.getLogger(SharedReduce.class);

    /** How long others may take for what they need of the last step. */
    private static final long LAST_MS = 1000;

    private final NDManager scope;
    private final Function<NDManager, NDArray> allocate;
    private final Circle circle;
    private final MeanVector mean;
    private final Sums sums;
    private final Switchboard switchboard;
    private final OwnThread thread;
    private final Line line;
    private final Deque<NDArray> free = new ArrayDeque<>();
    private final List<HostVector> lent = new ArrayList<>();
    private volatile CompletableFuture<NDArray> future = CompletableFuture.completedFuture(null);
    private volatile Throwable end;

    SharedReduce(
            Switchboard switchboard,
            Circle circle,
            NDManager scope,
            Function<NDManager, NDArray> allocate) {
        this.switchboard = switchboard;
        this.circle = circle;
        this.scope = scope;
        this.allocate = allocate;
        mean = new MeanVector(scope, allocate.apply(scope));
        Segments segments = new Segments(mean.length(), circle.peers().size(), switchboard.chunk());
        sums = new Sums(circle, segments, mean.values(), new SumEnds());
        thread = new OwnThread("simreg-reduce", this::end);
        line = new Line(circle, Key.Use.REDUCE, thread, sums);
        sums.on(line);
        try {
            switchboard.open(line, true);
        } catch (IllegalStateException e) {
            thread.close();
            throw e;
        }
    }

    @Override
    public Round begin(long step, int leaves) {
        if (leaves != circle.leaves()) {
            throw new IllegalArgumentException(
                    "step %d has %d leaves, the circle %d"
                            .formatted(step, leaves, circle.leaves()));
        }
        // After an end the lent vectors may still be read: others must not get a wrong sum.
        if (end == null) {
            lent.forEach(vector -> free.push(vector.released()));
            lent.clear();
        }
        future = new CompletableFuture<>();
        if (end == null) {
            thread.post(() -> sums.begin(step));
        } else {
            future.completeExceptionally(end);
        }
        return new SharedRound();
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
        thread.post(line::stop);
    }

    @Override
    public void close() {
        if (end == null && future.isDone()) {
            awaitLastSums();
        }
        end(new Abandoned("the generation is over"));
        thread.close();
        switchboard.close(line);
        scope.close();
    }

    /** Without this worker's sums of the last step the others would be a step behind. */
    private void awaitLastSums() {
        CountDownLatch sent = new CountDownLatch(1);
        thread.post(() -> line.onceIdle(sent::countDown));
        try {
            if (!sent.await(LAST_MS, TimeUnit.MILLISECONDS)) {
                LOG.debug("closed while others still take the sums of the last step");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private final class SumEnds implements Sums.Ends {
        @Override
        public void whole() {
            future.complete(mean.mean(circle.leaves()));
        }

        @Override
        public void broken(String why) {
            end(new Abandoned(why));
        }
    }

    private final class SharedRound implements Round {
        private final List<Subtree> parts = sums.joining().parts(circle.rank());
        private final CompletableFuture<NDArray> mine = future;
        private final TreeSum<NDArray> sum = new TreeSum<>(this::add);
        private NDArray given;
        private int next = circle.self().first();
        private int part;

        private NDArray add(NDArray left, NDArray right) {
            left.addi(right);
            free.push(right);
            return left;
        }

        @Override
        public NDArray vector() {
            given = free.isEmpty() ? allocate.apply(scope) : free.pop();
            return given;
        }

        @Override
        public void offer(int leaf) {
            if (leaf != next) {
                throw new IllegalArgumentException(
                        "leaf " + leaf + " is offered, " + next + " is due");
            }
            next++;
            sum.next(given);
            if (next == parts.get(part).end()) {
                share(sum.total());
            }
        }

        private void share(NDArray total) {
            int number = sums.joining().firstPart(circle.rank()) + part++;
            if (end == null) {
                HostVector vector = HostVector.of(total);
                lent.add(vector);
                thread.post(() -> sums.offer(number, vector.values()));
            } else {
                free.push(total);
            }
        }

        @Override
        public Future<NDArray> mean() {
            return mine;
        }
    }
}
