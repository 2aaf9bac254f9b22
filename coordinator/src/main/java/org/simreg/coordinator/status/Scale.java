package org.simreg.coordinator.status;

import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/**
 * One axis: which numbers it spans and where its ticks are. Ticks lie at multiples of 1, 2 or 5
 * times a power of ten and the ends are ticks.
 *
 * @param least lower end
 * @param most upper end, above {@code least}
 * @param step between ticks
 */
record Scale(double least, double most, double step) {
    /** An axis for numbers from {@code low} to {@code high} with about so many ticks. */
    static Scale covering(double low, double high, int ticks) {
        double end = high > low ? high : low + Math.max(1e-6, Math.abs(low) * 0.1);
        double raw = (end - low) / ticks;
        double power = Math.pow(10, Math.floor(Math.log10(raw)));
        double step =
                DoubleStream.of(1, 2, 5, 10)
                        .map(factor -> factor * power)
                        .filter(candidate -> candidate >= raw * 0.999)
                        .findFirst()
                        .orElse(10 * power);
        return new Scale(
                Math.floor(low / step + 1e-9) * step, Math.ceil(end / step - 1e-9) * step, step);
    }

    /** An axis that ends where the numbers end, for time: the last tick may lie before it. */
    static Scale until(double end, int ticks) {
        return new Scale(0, Math.max(end, 1e-6), covering(0, end, ticks).step());
    }

    double[] ticks() {
        int count = (int) Math.floor((most - least) / step + 1e-9);
        return IntStream.rangeClosed(0, count).mapToDouble(i -> least + i * step).toArray();
    }

    /** 0 at the lower end, 1 at the upper. */
    double part(double number) {
        return (number - least) / (most - least);
    }

    /** A tick as text, with the decimals that the step needs. */
    String text(double tick) {
        int decimals = (int) Math.max(0, Math.ceil(-Math.log10(step) - 1e-9));
        return decimals > 4
                ? Numbers.format("%.0e", tick)
                : Numbers.format("%,." + decimals + "f", tick + 0.0);
    }
}
