package org.simreg.coordinator.status;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.function.BooleanSupplier;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import org.simreg.worker.embed.Course;

/**
 * Shows on standard error how far an evaluation is, so that standard output is only the result: on
 * a terminal a bar, otherwise a line at most every 30 seconds. Notices and scores stay above the
 * bar. Any thread may print; one tells the course.
 */
public final class Meter implements Course, AutoCloseable {
    private static final long LOG_NANOS = 30_000_000_000L;
    private static final int REFRESH_MS = 200;
    private static final int LEAST_BAR = 5;

    private final PrintStream err;
    private final BooleanSupplier stop;
    private final Screen screen;
    private final boolean quiet;
    private final boolean unicode;
    private ProgressBar bar;
    private String what = "";
    private long begun;
    private long logged;
    private volatile View view = new View("", 0, 0, 0);

    /** What is being done, how much of it, and for how long already. */
    private record View(String what, long done, long total, long nanos) {}

    private Meter(PrintStream err, boolean quiet, boolean unicode, BooleanSupplier stop) {
        this.err = err;
        this.quiet = quiet;
        this.unicode = unicode;
        this.stop = stop;
        screen = new Screen(err, Terminal::width);
    }

    /**
     * @param quiet whether neither course nor scores are shown, only notices
     * @param stop whether the result isn't wanted any more
     */
    public static Meter console(boolean quiet, BooleanSupplier stop) {
        Map<String, String> environment = System.getenv();
        boolean unicode = Terminal.unicode(environment);
        PrintStream err =
                new PrintStream(
                        new FileOutputStream(FileDescriptor.err),
                        false,
                        unicode ? StandardCharsets.UTF_8 : StandardCharsets.US_ASCII);
        Meter meter = new Meter(err, quiet, unicode, stop);
        if (!quiet && Terminal.interactive(environment)) {
            meter.bar =
                    new ProgressBarBuilder()
                            .setInitialMax(1)
                            .setUpdateIntervalMillis(REFRESH_MS)
                            .setRenderer((state, width) -> meter.render(width))
                            .setConsumer(meter.screen)
                            .build();
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
        view = new View(now, done, total, time - begun);
        if (bar == null && !quiet && time - logged >= LOG_NANOS) {
            logged = time;
            print(line(view));
        }
    }

    /** A sentence for people: something was unexpected. */
    public synchronized void notice(String text) {
        print("note: " + text.replaceAll("\\p{Cntrl}", "?"));
    }

    /** A score on the way, unless quiet. */
    public synchronized void score(String text) {
        if (!quiet) {
            print(text);
        }
    }

    private void print(String text) {
        if (bar != null) {
            screen.print(text);
        } else {
            err.println(text);
            err.flush();
        }
    }

    private String render(int width) {
        View now = view;
        if (now.what().isEmpty()) {
            return "";
        }
        String before = now.what() + " ";
        String after = " " + figures(now);
        int room = width - before.length() - after.length();
        if (room < LEAST_BAR) {
            String line = before + after.strip();
            return line.substring(0, Math.min(line.length(), Math.max(0, width)));
        }
        int filled = (int) (room * now.done() / Math.max(1, now.total()));
        return before
                + (unicode ? "━" : "=").repeat(filled)
                + (unicode ? "╌" : "-").repeat(room - filled)
                + after;
    }

    private static String line(View now) {
        return now.what() + ": " + figures(now);
    }

    private static String figures(View now) {
        String count = Numbers.count(now.done()) + " of " + Numbers.count(now.total());
        if (now.done() == 0 || now.done() == now.total()) {
            return count;
        }
        double left = now.nanos() / 1e9 / now.done() * (now.total() - now.done());
        return count + ", " + Numbers.seconds(left) + " left";
    }

    /** Takes the bar off the terminal; what was printed stays. */
    @Override
    public void close() {
        ProgressBar shown;
        synchronized (this) {
            shown = bar;
            bar = null;
        }
        // Without the lock: closing waits for the bar's thread.
        if (shown != null) {
            shown.close();
            screen.close();
        }
    }
}
