package org.simreg.worker.data.loader;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.simreg.worker.data.view.View;

/**
 * Decoded views of the samples of one request, as pixels. Belongs to who took it, until it is closed; then its
 * buffers serve another batch.
 */
public final class Batch implements AutoCloseable {
    private final BatchLoader.Request request;
    private final BufferPool pool;
    private final List<ByteBuffer> views;
    private final int[] sources;
    private final AtomicInteger missing;
    private final AtomicBoolean closed = new AtomicBoolean();

    Batch(BatchLoader.Request request, BufferPool pool) {
        this.request = request;
        this.pool = pool;
        views = request.views().stream().map(view -> pool.take(bytes(view))).toList();
        sources = new int[request.ids().length];
        missing = new AtomicInteger(sources.length);
    }

    /** The samples asked for, in the order of the rows; the request's own array. */
    public int[] ids() {
        return request.ids();
    }

    /**
     * The samples whose pixels are in the rows: {@link #ids()}, but for broken images the ones that
     * took their place. The label of a row is the label of its source.
     */
    public int[] sources() {
        return sources.clone();
    }

    /** Samples, N. */
    public int size() {
        return sources.length;
    }

    /**
     * Side of one view, in pixels: H and W.
     *
     * @param view index in the request's list
     */
    public int viewSize(int view) {
        return request.views().get(view).recipe().size();
    }

    /**
     * One view of all samples: a direct buffer of uint8 (N, H, W, 3), RGB, from its position 0 to
     * its limit. Valid until the batch is closed.
     *
     * @param view index in the request's list
     */
    public ByteBuffer views(int view) {
        if (closed.get()) {
            throw new IllegalStateException("the batch is closed: its buffers serve another");
        }
        return views.get(view)
                .duplicate()
                .order(ByteOrder.nativeOrder())
                .clear()
                .limit(bytes(request.views().get(view)));
    }

    /** Gives the buffers back. More than once does no harm. */
    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            views.forEach(pool::giveBack);
        }
    }

    /** What was asked for. */
    public BatchLoader.Request request() {
        return request;
    }

    private int bytes(View view) {
        return Math.multiplyExact(request.ids().length, view.bytes());
    }

    /**
     * @param pixels at least as many as the view has
     */
    void put(int view, int row, byte[] pixels) {
        int length = request.views().get(view).bytes();
        views.get(view).put(row * length, pixels, 0, length);
    }

    /** Called once for every row, when all its views are there. */
    void finish(int row, int source) {
        sources[row] = source;
        missing.decrementAndGet();
    }

    boolean isComplete() {
        return missing.get() == 0;
    }

    /**
     * Direct buffers that are used again: allocating one costs as much as zeroing it. Safe for all
     * threads.
     */
    static final class BufferPool {
        private final List<ByteBuffer> free = new ArrayList<>();

        /**
         * A buffer of at least that many bytes: the smallest free one, so that views of several
         * sizes don't take each other's.
         */
        synchronized ByteBuffer take(int bytes) {
            ByteBuffer fitting = free.stream()
                    .filter(buffer -> buffer.capacity() >= bytes)
                    .min(Comparator.comparingInt(ByteBuffer::capacity))
                    .orElse(null);
            if (fitting == null) {
                return ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
            }
            free.removeIf(buffer -> buffer == fitting);
            return fitting;
        }

        synchronized void giveBack(ByteBuffer buffer) {
            free.add(buffer);
        }
    }
}
