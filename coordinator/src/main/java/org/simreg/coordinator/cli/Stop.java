package org.simreg.coordinator.cli;

import java.io.PrintStream;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * The wish to stop that Ctrl-C or SIGTERM expresses. The JVM ends with 130 or 143 once the command
 * has come to a clean end, or after a minute.
 */
public final class Stop {
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
    private final CountDownLatch finished = new CountDownLatch(1);
    private volatile boolean requested;

    /** Listens for the JVM's shutdown; called once, before the command starts. */
    static Stop onSignal(PrintStream err) {
        Stop stop = new Stop();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> stop.shutDown(err), "stop"));
        return stop;
    }

    /**
     * @return true once the user wants the command to end
     */
    public boolean requested() {
        return requested;
    }

    /**
     * Says that the command ends cleanly by itself when asked to. Without any such listener the JVM
     * ends at once.
     *
     * @param listener called once, on another thread, when the wish comes; must return quickly
     */
    public void whenRequested(Runnable listener) {
        listeners.add(listener);
    }

    /** Tells that the command is over: nothing is left to wait for. */
    void finished() {
        finished.countDown();
    }

    private void shutDown(PrintStream err) {
        if (finished.getCount() == 0 || listeners.isEmpty()) {
            return;
        }
        requested = true;
        err.println("Stopping; a step under way is finished first.");
        listeners.forEach(Runnable::run);
        try {
            if (!finished.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
                err.println("The command did not stop within " + PATIENCE.toSeconds() + " s.");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
