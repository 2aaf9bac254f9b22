package org.simreg.worker.features.serve;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A query's turn on the thread that embeds images: it is interrupted, or not begun, when nobody waits for it any more.
 * It tells images that take much work from a machine that is too busy to do it.
 */
final class EmbeddingTurn {
    private static final Logger LOG = LoggerFactory.getLogger(EmbeddingTurn.class);
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private Thread thread;
    private long before;
    private boolean over;

    /**
     * Does the turn's work on this thread.
     *
     * @throws CancellationException if the turn has ended
     */
    <T> T take(Supplier<T> work) {
        begin();
        try {
            return work.get();
        } finally {
            leave();
        }
    }

    private synchronized void begin() {
        if (over) {
            throw new CancellationException("nobody waits for the answer any more");
        }
        thread = Thread.currentThread();
        before = THREADS.getCurrentThreadCpuTime();
    }

    /** The thread's next task must not be interrupted in its place. */
    private synchronized void leave() {
        thread = null;
        over = true;
        if (Thread.interrupted()) {
            LOG.debug("A query about images was given up");
        }
    }

    /**
     * Ends a turn that hasn't begun, and one whose thread computed for less than that: other work or storage kept it.
     *
     * @return why it was ended
     */
    synchronized Optional<String> giveUpUnlessComputing(long leastMs) {
        if (over) {
            return Optional.empty();
        }
        if (thread == null) {
            over = true;
            return Optional.of("it has read the images of other queries all the time");
        }
        long after = THREADS.getThreadCpuTime(thread.getId());
        long computed = TimeUnit.NANOSECONDS.toMillis(after - before);
        if (before < 0 || after < 0 || computed >= leastMs) {
            return Optional.empty();
        }
        end();
        return Optional.of("its machine or its storage is too busy: these images got only %d ms of a processor"
                .formatted(computed));
    }

    /** Ends the turn, which interrupts its work. */
    synchronized void end() {
        over = true;
        if (thread != null) {
            thread.interrupt();
        }
    }
}
