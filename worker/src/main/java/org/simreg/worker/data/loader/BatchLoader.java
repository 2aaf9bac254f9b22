package org.simreg.worker.data.loader;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.ThreadFactory;
import java.util.stream.Stream;
import org.simreg.worker.base.concurrent.NamedThreads;
import org.simreg.worker.base.io.Notices;
import org.simreg.worker.data.dataset.ImageList;
import org.simreg.worker.data.dataset.SampleSource;
import org.simreg.worker.data.view.View;

/**
 * A loader of batches of views, which it makes ahead of their use on threads of its own. Several
 * sequences of requests may be open at once; those opened first are served first. Its lock guards
 * all of them.
 */
public final class BatchLoader implements AutoCloseable {
    private final Settings settings;
    private final SampleSource source;
    private final BrokenImages images;
    private final Batch.BufferPool pool = new Batch.BufferPool();
    private final List<BatchStream> open = new ArrayList<>();
    private final List<Thread> threads;
    private boolean closed;

    /**
     * Starts the decode threads; they are daemons.
     *
     * @param images where the samples are; their ids count in it
     * @param settings threads, queue, seed
     * @param notices takes a sentence about each image that can't be read, once; called from decode
     *     threads
     */
    public BatchLoader(ImageList images, Settings settings, Notices notices) {
        this.settings = settings;
        source = images.source();
        this.images = new BrokenImages(images, settings, notices);
        ThreadFactory decoders = NamedThreads.numbered("decode");
        threads = Stream.generate(() -> decoders.newThread(this::decode))
                .limit(settings.threads())
                .toList();
        threads.forEach(Thread::start);
    }

    /**
     * Starts to make the batches of a sequence.
     *
     * @param requests read from decode threads, one at a time, as far ahead as the queue is deep; they may take their
     *     time, as only this sequence waits for them
     */
    public BatchStream batches(Iterator<Request> requests) {
        synchronized (this) {
            if (closed) {
                throw new IllegalStateException("the loader is closed");
            }
            BatchStream batches = new BatchStream(this, requests, settings.queueDepth(), pool);
            open.add(batches);
            notifyAll();
            return batches;
        }
    }

    /** Batches that a sequence has in the making or waiting to be taken, at most. */
    public int depth() {
        return settings.queueDepth();
    }

    /** Where the samples are read. */
    SampleSource source() {
        return source;
    }

    /** The caller holds the lock. */
    void forget(BatchStream batches) {
        open.remove(batches);
    }

    private void decode() {
        try (SampleRenderer renderer = new SampleRenderer(settings.maxPixels())) {
            for (BatchStream.Work work = claim(); work != null; work = claim()) {
                Throwable failure = null;
                try {
                    perform(work, renderer);
                } catch (Throwable e) {
                    // Whatever it is, also a native library that doesn't load: the one who waits
                    // must hear of it.
                    failure = e;
                }
                synchronized (this) {
                    work.batches().release(failure);
                    notifyAll();
                }
            }
        }
    }

    private void perform(BatchStream.Work work, SampleRenderer renderer) {
        if (work instanceof BatchStream.Row row) {
            renderer.render(row.batch(), row.index(), images, settings.seed(), row.batches()::isWanted);
        } else {
            work.batches().read();
        }
    }

    private synchronized BatchStream.Work claim() {
        while (!closed) {
            for (BatchStream batches : open) {
                BatchStream.Work work = batches.claim();
                if (work != null) {
                    return work;
                }
            }
            try {
                wait();
            } catch (InterruptedException e) {
                return null;
            }
        }
        return null;
    }

    /** Closes all sequences, and waits until the threads have ended. */
    @Override
    public void close() {
        List<BatchStream> left;
        synchronized (this) {
            closed = true;
            left = List.copyOf(open);
            notifyAll();
        }
        left.forEach(BatchStream::close);
        boolean interrupted = false;
        for (Thread thread : threads) {
            while (thread.isAlive()) {
                try {
                    thread.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /**
     * Settings of a loader.
     *
     * @param threads decode threads
     * @param queueDepth batches in the making or waiting to be taken, at most; bounds the memory
     * @param seed the job's seed
     * @param maxPixels an image whose header says more is taken as broken, before it is decoded
     * @param trained whether the images are those that a job trains on
     * @param maxBroken the part of all images that may be broken, 0 to 1; more are an error
     */
    public record Settings(int threads, int queueDepth, long seed, long maxPixels, boolean trained, double maxBroken) {
        /** What Pillow refuses as a decompression bomb: more than half a gigabyte of RGB. */
        public static final long PILLOW_MAX_PIXELS = 178_956_970;

        public Settings {
            require(threads > 0, "threads", threads);
            require(queueDepth > 0, "queueDepth", queueDepth);
            require(maxPixels > 0, "maxPixels", maxPixels);
        }

        /** With Pillow's limit of pixels, and any number of broken images. */
        public Settings(int threads, int queueDepth, long seed) {
            this(threads, queueDepth, seed, PILLOW_MAX_PIXELS, false, 1);
        }

        /** The same for the images that a job trains on, with its bound of broken ones. */
        public Settings training(double maxBroken) {
            return new Settings(threads, queueDepth, seed, maxPixels, true, maxBroken);
        }

        private static void require(boolean good, String field, long value) {
            if (!good) {
                throw new IllegalArgumentException("loader setting " + field + " must be positive, not " + value);
            }
        }
    }

    /**
     * A request for the views of some samples. The pixels are a pure function of the loader's seed
     * and of this record; the number of a view's draw is part of it, so that the same recipe in two
     * draws gives two different views.
     *
     * @param epoch epoch, or number of the cached view: part of every random draw
     * @param ids sample ids, in the order of the batch; the array is not copied
     * @param views at least one
     */
    public record Request(int epoch, int[] ids, List<View> views) {
        public Request {
            views = List.copyOf(views);
            if (ids.length == 0 || views.isEmpty()) {
                throw new IllegalArgumentException(
                        "a batch needs samples and views, not " + ids.length + " and " + views.size());
            }
        }
    }
}
