package org.simreg.coordinator.cli;

import java.time.Duration;
import java.util.Locale;
import java.util.function.Consumer;
import org.simreg.worker.distill.FeatureFill;

/** Says now and then how far the filling of stores is: a line every five seconds and at the end. */
final class FillLine implements FeatureFill.Progress {
    private static final long INTERVAL = Duration.ofSeconds(5).toNanos();

    private final Consumer<String> out;
    private final long begun = System.nanoTime();
    private long first = -1;
    private long last = begun;

    FillLine(Consumer<String> out) {
        this.out = out;
    }

    @Override
    public void at(long done, long all) {
        long now = System.nanoTime();
        first = first < 0 ? done : first;
        if (done == all || now - last >= INTERVAL) {
            last = now;
            out.accept(line(done, all, (now - begun) / 1e9));
        }
    }

    /** The rate counts what was computed since the start, not what was there. */
    private String line(long done, long all, double seconds) {
        double rate = seconds > 0 ? (done - first) / seconds : 0;
        String share = String.format(Locale.ROOT, "%,d of %,d images", done, all);
        if (done == all || rate <= 0) {
            return share;
        }
        long left = Math.round((all - done) / rate);
        return String.format(
                Locale.ROOT, "%s, %.0f a second, %d:%02d left", share, rate, left / 60, left % 60);
    }
}
