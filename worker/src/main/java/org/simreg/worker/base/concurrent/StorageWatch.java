package org.simreg.worker.base.concurrent;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A watch over the reads of one job, which may wait for storage that gives no answer. Time is what {@link #look} is told, so
 * that a process that was stopped for a while blames no storage. Safe for all threads.
 */
public final class StorageWatch {
    private static final ThreadLocal<StorageWatch> OF_THREAD = new ThreadLocal<>();
    private static final Read NOBODYS = () -> {};

    private final Set<Open> open = ConcurrentHashMap.newKeySet();

    /** A read, until it is closed by the thread that began it, whose {@link WatchedPool#progress} is its own meanwhile. */
    public interface Read extends AutoCloseable {
        @Override
        void close();
    }

    private final class Open implements Read {
        private final String what;
        private final Runnable before;
        private final AtomicLong silentMs = new AtomicLong();

        Open(String what) {
            this.what = what;
            before = WatchedPool.hear(this::progressed);
        }

        private void progressed() {
            silentMs.set(0);
        }

        @Override
        public void close() {
            WatchedPool.hear(before);
            open.remove(this);
        }
    }

    /** Watches, until it ends, what this thread reads {@link #here}. */
    public void watchThisThread() {
        OF_THREAD.set(this);
    }

    /** Begins a read that is told to who watches this thread; nothing where nobody does, or another read is under way. */
    public static Read here(Path file) {
        StorageWatch watch = OF_THREAD.get();
        return watch == null || WatchedPool.isHeard() ? NOBODYS : watch.reading(file.toString());
    }

    /**
     * Begins a read on this thread.
     *
     * @param what is read, for people
     */
    public Read reading(String what) {
        Open read = new Open(what);
        open.add(read);
        return read;
    }

    /**
     * Adds to the time that the reads have shown no progress for; one thread calls this.
     *
     * @param ms since the last call
     * @param patience after which a read that shows no progress hangs
     * @return what is read by one that hangs; empty if none does
     */
    public Optional<String> look(long ms, Duration patience) {
        open.forEach(read -> read.silentMs.addAndGet(ms));
        return open.stream()
                .filter(read -> read.silentMs.get() > patience.toMillis())
                .map(read -> read.what)
                .findFirst();
    }

    /** Forgets how long reads have been silent: what they wait for was away, and is back. */
    public void forget() {
        open.forEach(Open::progressed);
    }
}
