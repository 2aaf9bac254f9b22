package org.simreg.coordinator.status;

/**
 * The two lines of the bar, fitted to a width.
 *
 * @param unicode whether the terminal shows more than ASCII
 */
record BarLine(boolean unicode) {
    private static final int LEAST_BAR = 5;
    private static final String CYAN = "\u001b[36m";
    private static final String DIM = "\u001b[2m";
    private static final String PLAIN = "\u001b[0m";

    /**
     * What there is to see at one moment.
     *
     * @param epoch "epoch 2/10"
     * @param done part of the job, 0 to 1
     * @param now speed, loss and learning rate
     * @param left "12 min"
     * @param shares of the time
     */
    record View(String epoch, double done, String now, String left, String shares) {}

    /** Two lines of at most {@code width} columns, without a line break at the end. */
    String render(View view, int width) {
        String before = view.epoch() + " ";
        String after = " %s  %s  %s left".formatted(percent(view), view.now(), view.left());
        int room = width - before.length() - after.length();
        String first =
                room < LEAST_BAR
                        ? cut(before + after.strip(), width)
                        : before + bar(view.done(), room) + after;
        return first + "\n" + cut("time in " + view.shares(), width);
    }

    private static String percent(View view) {
        // 100% only when all is done
        return "%2d%%".formatted((int) Math.floor(view.done() * 100));
    }

    private String bar(double done, int width) {
        int filled = (int) Math.round(done * width);
        String full = (unicode ? "━" : "=").repeat(filled);
        String rest = (unicode ? "━" : "-").repeat(width - filled);
        return CYAN + full + PLAIN + DIM + rest + PLAIN;
    }

    private static String cut(String line, int width) {
        return line.length() <= width ? line : line.substring(0, Math.max(0, width));
    }
}
