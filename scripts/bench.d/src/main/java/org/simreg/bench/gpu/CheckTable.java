package org.simreg.bench.gpu;

import java.util.Locale;
import java.util.concurrent.Callable;

/** The table of a check: a printed line each with what was compared, the figure, its bound and the time; counts failures. */
final class CheckTable {
    private int failed;
    private int passed;

    /**
     * A figure and the greatest that passes.
     *
     * @param note what the reader has to know of it; empty for nothing
     */
    record Figure(double value, double most, String note) {
        Figure(double value, double most) {
            this(value, most, "");
        }

        /** NaN doesn't pass. */
        boolean passes() {
            return value <= most;
        }
    }

    CheckTable() {
        System.out.printf(Locale.ROOT, "%-6s %-44s %10s %10s %7s%n", "", "what", "differs", "at most", "s");
    }

    /** Computes and prints a line; a check that throws has failed, and its line says why. */
    void line(String what, Callable<Figure> check) {
        long begun = System.nanoTime();
        Figure figure;
        try {
            figure = check.call();
        } catch (Exception | LinkageError e) {
            figure = new Figure(
                    Double.NaN,
                    0,
                    String.valueOf(e.getMessage()).lines().findFirst().orElse(""));
        }
        if (figure.passes()) {
            passed++;
        } else {
            failed++;
        }
        System.out.printf(
                Locale.ROOT,
                "%-6s %-44s %10.2e %10.0e %7.1f  %s%n",
                figure.passes() ? "ok" : "FAILED",
                what,
                figure.value(),
                figure.most(),
                (System.nanoTime() - begun) / 1e9,
                figure.note());
    }

    /** The last line. */
    boolean end(double seconds) {
        System.out.printf(Locale.ROOT, "%d passed, %d failed, %.0f s%n", passed, failed, seconds);
        return failed == 0;
    }
}
