package org.simreg.coordinator.scale;

import java.util.ArrayList;
import java.util.List;

/**
 * Makes a number slow to go down: up at once, down once it has not been higher for a while.
 *
 * @param peaks falling numbers, each with when it was last reached
 */
record Calm(List<Peak> peaks) {
    /** Without a past. */
    static final Calm NEW = new Calm(List.of());

    /**
     * @param at milliseconds
     */
    record Peak(int number, long at) {}

    /**
     * Takes the number of now.
     *
     * @param now milliseconds of a clock that doesn't go back
     * @param window for so many milliseconds a higher number holds
     */
    Calm then(int number, long now, long window) {
        List<Peak> next = new ArrayList<>();
        for (Peak peak : peaks) {
            if (peak.number > number && now - peak.at < window) {
                next.add(peak);
            }
        }
        next.add(new Peak(number, now));
        return new Calm(List.copyOf(next));
    }

    /** What holds now; 0 without a past. */
    int number() {
        return peaks.isEmpty() ? 0 : peaks.get(0).number;
    }
}
