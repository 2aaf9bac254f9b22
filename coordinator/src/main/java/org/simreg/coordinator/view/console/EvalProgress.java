package org.simreg.coordinator.view.console;

import java.io.FileDescriptor;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.simreg.worker.base.concurrent.ProgressMonitor;

/**
 * The progress of an evaluation on standard error, so that standard output is only the result: on a
 * terminal a bar, otherwise a line at most every 30 seconds. Notices and scores stay above the bar.
 * Any thread may print; one thread reports progress.
 */
public final class EvalProgress implements ProgressMonitor, AutoCloseable {
    private static final long LOG_NANOS = 30_000_000_000L;

    private final TerminalBar bar;
    private final boolean quiet;
    private final BooleanSupplier stop;
    private String what = "";
    private long begun;
    private long logged;
    private volatile Position position = new Position("", 0, 0, 0);

    /** The position in one part of the evaluation, and its time until now. */
    private record Position(String what, long done, long total, long nanos) {
        String figures() {
            String count = Numbers.count(done) + " of " + Numbers.count(total);
            if (done == 0 || done == total) {
                return count;
            }
            double left = nanos / 1e9 / done * (total - done);
            return count + ", " + Numbers.seconds(left) + " left";
        }

        double part() {
            return done / (double) Math.max(1, total);
        }
    }

    EvalProgress(TerminalBar bar, boolean quiet, BooleanSupplier stop) {
        this.bar = bar;
        this.quiet = quiet;
        this.stop = stop;
    }

    /**
     * @param quiet whether neither progress nor scores are shown, only notices
     * @param stop true once the result isn't wanted any more
     */
    public static EvalProgress console(boolean quiet, BooleanSupplier stop) {
        Map<String, String> environment = System.getenv();
        EvalProgress meter = new EvalProgress(TerminalBar.on(FileDescriptor.err, environment), quiet, stop);
        if (!quiet && TerminalBar.isInteractive(environment)) {
            meter.bar.begin(meter::render);
        }
        return meter;
    }

    @Override
    public boolean stopped() {
        return stop.getAsBoolean();
    }

    @Override
    public synchronized void at(String now, long done, long total) {
        long time = System.nanoTime();
        if (!now.equals(what)) {
            what = now;
            begun = time;
            logged = time;
        }
        position = new Position(now, done, total, time - begun);
        if (!bar.hasBegun() && !quiet && time - logged >= LOG_NANOS) {
            logged = time;
            bar.print(now + ": " + position.figures());
        }
    }

    /** Prints a sentence for people about something unexpected. */
    public synchronized void notice(String text) {
        bar.print("note: " + text.replaceAll("\\p{Cntrl}", "?"));
    }

    /** Prints a score on the way, unless quiet. */
    public synchronized void score(String text) {
        if (!quiet) {
            bar.print(text);
        }
    }

    /** The bar's line; nothing before anything was begun. */
    String render(int width) {
        Position now = position;
        return now.what.isEmpty() ? "" : bar.line(now.what, now.part(), now.figures(), width);
    }

    /** Takes the bar off the terminal; what was printed stays. */
    @Override
    public void close() {
        bar.end();
    }
}
