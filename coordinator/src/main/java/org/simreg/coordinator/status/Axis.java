package org.simreg.coordinator.status;

import java.util.List;
import java.util.stream.IntStream;

/**
 * The axis from left to right: epochs, or names at equal distances.
 *
 * @param name that stands below it; left out where the names are many
 * @param places names at 0, 1, 2, ..; none for epochs
 */
record Axis(String name, List<String> places) {
    static final Axis EPOCHS = new Axis("epoch", List.of());

    /** More names than these are set aslant, so that they don't run into each other. */
    private static final int MOST_UPRIGHT = 7;

    private static final int MOST_LABELS = 16;

    Axis {
        places = List.copyOf(places);
    }

    /** What it spans for curves that end at {@code end}. */
    Scale scale(double end) {
        return places.isEmpty() ? Scale.until(end, 6) : new Scale(-0.5, places.size() - 0.5, 1);
    }

    /** Where labels stand. */
    double[] ticks(Scale scale) {
        if (places.isEmpty()) {
            return scale.ticks();
        }
        int step = (places.size() + MOST_LABELS - 1) / MOST_LABELS;
        return IntStream.range(0, places.size())
                .filter(place -> place % step == 0)
                .asDoubleStream()
                .toArray();
    }

    String label(Scale scale, double tick) {
        return places.isEmpty() ? scale.text(tick) : places.get((int) tick);
    }

    boolean isSlanted() {
        return places.size() > MOST_UPRIGHT;
    }

    /** "epoch 12", "layer3". */
    String at(double x) {
        if (!places.isEmpty()) {
            return places.get((int) x);
        }
        return name + " " + Numbers.format(x == Math.rint(x) ? "%.0f" : "%.1f", x);
    }
}
