package org.simreg.coordinator.view.console;

import java.io.Console;
import java.io.File;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;
import java.util.function.IntSupplier;
import java.util.stream.Stream;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarConsumer;

/**
 * A progress bar of one or more lines at the lower end of a terminal, drawn over itself, and lines
 * above it that stay. Before {@link #begin} there is no bar, only lines. The bar is drawn on its
 * own thread and lines come from others, so that one lock orders them.
 */
final class TerminalBar implements ProgressBarConsumer {
    private static final int REFRESH_MS = 200;
    private static final int REFRESHES_A_WIDTH = 25;
    private static final int USUAL_WIDTH = 80;
    private static final int LEAST_BAR = 5;
    private static final String ERASE_LINE = "\r\u001b[K";
    private static final String LINE_UP = "\u001b[A";
    private static final String CYAN = "\u001b[36m";
    private static final String DIM = "\u001b[2m";
    private static final String PLAIN = "\u001b[0m";

    private final PrintStream out;
    private final boolean unicode;
    private final IntSupplier measure;
    private ProgressBar thread;
    private String bar = "";
    private int width;
    private int refreshes;
    private boolean closed;

    /**
     * @param out a terminal, or what takes lines where there isn't one
     * @param unicode whether it shows more than ASCII
     * @param measure its width in columns; asked now and then, because windows change
     */
    TerminalBar(PrintStream out, boolean unicode, IntSupplier measure) {
        this.out = out;
        this.unicode = unicode;
        this.measure = measure;
    }

    /** A bar on standard output or error, in UTF-8 if the locale is. */
    static TerminalBar on(FileDescriptor stream, Map<String, String> environment) {
        boolean unicode = isUnicode(environment);
        PrintStream out = new PrintStream(
                new FileOutputStream(stream), false, unicode ? StandardCharsets.UTF_8 : StandardCharsets.US_ASCII);
        return new TerminalBar(out, unicode, TerminalBar::columns);
    }

    /** True if a person watches and the cursor can be moved. */
    static boolean isInteractive(Map<String, String> environment) {
        String term = environment.getOrDefault("TERM", "");
        String ci = environment.getOrDefault("CI", "");
        boolean robot = !ci.isEmpty() && !ci.equals("false") && !ci.equals("0");
        return isAttached() && !term.isEmpty() && !term.equals("dumb") && !robot;
    }

    /** True if the locale writes UTF-8. */
    static boolean isUnicode(Map<String, String> environment) {
        String locale = Stream.of("LC_ALL", "LC_CTYPE", "LANG")
                .map(name -> environment.getOrDefault(name, ""))
                .filter(value -> !value.isEmpty())
                .findFirst()
                .orElse("");
        return locale.toLowerCase(Locale.ROOT).replace("-", "").contains("utf8");
    }

    /** Whether output goes to a terminal: since Java 22 there is a console even without one. */
    private static boolean isAttached() {
        Console console = System.console();
        if (console == null) {
            return false;
        }
        try {
            return (boolean) Console.class.getMethod("isTerminal").invoke(console);
        } catch (NoSuchMethodException before22) {
            return true;
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("the console can't be asked for its terminal", e);
        }
    }

    /**
     * Columns of the terminal, 80 if it doesn't say. Asks {@code stty}, as a terminal library
     * would, without what such a library does to the signal handlers; takes some milliseconds.
     */
    private static int columns() {
        try {
            Process stty = new ProcessBuilder("stty", "size")
                    .redirectInput(new File("/dev/tty"))
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            String answer = new String(stty.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
            boolean ended = stty.waitFor(1, TimeUnit.SECONDS);
            return ended ? columns(answer) : USUAL_WIDTH;
        } catch (IOException noStty) {
            return USUAL_WIDTH;
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            return USUAL_WIDTH;
        }
    }

    /** Reads "rows columns"; some terminals say 0. */
    static int columns(String answer) {
        String[] words = answer.strip().split(" ");
        boolean sized = words.length == 2 && words[1].matches("[1-9]\\d{0,4}");
        return sized ? Integer.parseInt(words[1]) : USUAL_WIDTH;
    }

    /**
     * Shows the bar from now on.
     *
     * @param lines the bar's lines for a width in columns; empty shows nothing; called on the bar's
     *     thread
     */
    synchronized void begin(IntFunction<String> lines) {
        if (thread == null) {
            thread = new ProgressBarBuilder()
                    .setInitialMax(1)
                    .setUpdateIntervalMillis(REFRESH_MS)
                    .continuousUpdate()
                    .setRenderer((state, columns) -> lines.apply(columns))
                    .setConsumer(this)
                    .build();
        }
    }

    /** Whether there is a bar. */
    synchronized boolean hasBegun() {
        return thread != null;
    }

    /** Prints lines that stay, above the bar. */
    synchronized void print(String lines) {
        out.print(erased() + lines + System.lineSeparator() + bar);
        out.flush();
    }

    /**
     * A line with a bar in it that fills a width; without the bar, cut off, where that is narrow.
     *
     * @param done part that is done, 0 to 1
     */
    String line(String before, double done, String after, int width) {
        int room = width - before.length() - after.length() - 2;
        if (room < LEAST_BAR) {
            return cut(before + " " + after.strip(), width);
        }
        int filled = (int) Math.round(done * room);
        String full = (unicode ? "━" : "=").repeat(filled);
        String rest = (unicode ? "━" : "-").repeat(room - filled);
        return before + " " + CYAN + full + PLAIN + DIM + rest + PLAIN + " " + after;
    }

    /** At most so many columns of a line. */
    static String cut(String line, int width) {
        return line.length() <= width ? line : line.substring(0, Math.max(0, width));
    }

    @Override
    public synchronized int getMaxRenderedLength() {
        if (refreshes++ % REFRESHES_A_WIDTH == 0) {
            width = measure.getAsInt();
        }
        // Writing into the last column would wrap on some terminals.
        return width - 1;
    }

    @Override
    public synchronized void accept(String rendered) {
        if (closed) {
            return;
        }
        out.print(erased() + rendered);
        out.flush();
        bar = rendered;
    }

    @Override
    public synchronized void clear() {
        out.print(erased());
        out.flush();
        bar = "";
    }

    /** Called by the bar's thread when it ends: what it showed last goes. */
    @Override
    public synchronized void close() {
        if (!closed || !bar.isEmpty()) {
            clear();
        }
        closed = true;
    }

    /** Takes the bar off the terminal; what was printed above it stays. */
    void end() {
        ProgressBar shown;
        synchronized (this) {
            shown = thread;
            thread = null;
        }
        // Without the lock: closing waits for the bar's thread.
        if (shown != null) {
            shown.close();
            close();
        }
    }

    private String erased() {
        if (thread == null && bar.isEmpty()) {
            return "";
        }
        long lines = bar.chars().filter(c -> c == '\n').count();
        return ERASE_LINE + (LINE_UP + ERASE_LINE).repeat((int) lines);
    }
}
