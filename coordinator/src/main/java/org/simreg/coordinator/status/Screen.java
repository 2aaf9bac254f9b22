package org.simreg.coordinator.status;

import java.io.PrintStream;
import java.util.function.IntSupplier;
import me.tongfei.progressbar.ProgressBarConsumer;

/**
 * The lower end of a terminal: a bar of one or more lines that is drawn over itself, and lines
 * above it that stay. The bar is drawn on the progress bar's thread and lines come from others, so
 * that one lock orders them.
 */
final class Screen implements ProgressBarConsumer {
    private static final int REFRESHES_A_WIDTH = 25;
    private static final String ERASE_LINE = "\r\u001b[K";
    private static final String LINE_UP = "\u001b[A";

    private final PrintStream out;
    private final IntSupplier measure;
    private String bar = "";
    private int width;
    private int refreshes;
    private boolean closed;

    /**
     * @param out a terminal
     * @param measure its width in columns; asked now and then, because windows change
     */
    Screen(PrintStream out, IntSupplier measure) {
        this.out = out;
        this.measure = measure;
    }

    /** Prints lines that stay, above the bar. */
    synchronized void print(String lines) {
        out.print(erased() + lines + System.lineSeparator() + bar);
        out.flush();
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

    /** The bar's thread may still have something to show; it isn't shown any more. */
    @Override
    public synchronized void close() {
        if (!closed || !bar.isEmpty()) {
            clear();
        }
        closed = true;
    }

    private String erased() {
        long lines = bar.chars().filter(c -> c == '\n').count();
        return ERASE_LINE + (LINE_UP + ERASE_LINE).repeat((int) lines);
    }
}
