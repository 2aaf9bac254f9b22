package org.simreg.coordinator.cli.option;

import java.io.PrintStream;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.simreg.coordinator.view.observe.ProcessLog;
import org.simreg.worker.base.concurrent.NamedThreads;

/**
 * The signal by which Ctrl-C or SIGTERM stops a command. The JVM ends with 130 or 143 once the
 * command has come to a clean end, or after a minute, if {@link #patience} sets no other time.
 */
public final class StopSignal {

    private static final String STEP_FIRST = "Stopping; a step under way is finished first.";

    private final List<Listener> listeners = new CopyOnWriteArrayList<>();
    private final CountDownLatch finished = new CountDownLatch(1);
    private volatile boolean requested;
    private volatile Duration patience = Duration.ofMinutes(1);

    /** A task to be run at the signal, and the message to the user before it; may be empty. */
    private record Listener(String said, Runnable task) {}

    /** Listens for the JVM's shutdown; called once, before the command starts. */
    public static StopSignal onSignal(PrintStream err) {
        StopSignal stop = new StopSignal();
        Runtime.getRuntime().addShutdownHook(NamedThreads.shutdownHook("stop", () -> stop.shutDown(err)));
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
     * @param listener called once, on another thread, when the signal comes; must return quickly
     */
    public void whenRequested(Runnable listener) {
        whenRequested(STEP_FIRST, listener);
    }

    /**
     * The same for a command that has something else to say.
     *
     * @param said one line, shown before the listener is called; empty: none
     */
    public void whenRequested(String said, Runnable listener) {
        listeners.add(new Listener(said, listener));
    }

    /** Sets after what time the JVM ends although the command has not. */
    public void patience(Duration most) {
        patience = most;
    }

    /** Tells that the command is over: nothing is left to wait for. */
    public void finished() {
        finished.countDown();
    }

    /** Where all lines are JSON, this one is too. */
    private static void say(PrintStream err, String said) {
        if (ProcessLog.isJson()) {
            ProcessLog.say(said);
        } else {
            err.println(said);
        }
    }

    private void shutDown(PrintStream err) {
        if (finished.getCount() == 0 || listeners.isEmpty()) {
            return;
        }
        requested = true;
        listeners.stream()
                .map(Listener::said)
                .filter(said -> !said.isEmpty())
                .distinct()
                .forEach(said -> say(err, said));
        listeners.forEach(listener -> listener.task().run());
        try {
            if (!finished.await(patience.toMillis(), TimeUnit.MILLISECONDS)) {
                err.println("The command did not stop within " + patience.toSeconds() + " s.");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
