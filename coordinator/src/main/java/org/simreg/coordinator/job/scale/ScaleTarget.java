package org.simreg.coordinator.job.scale;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntConsumer;
import org.simreg.coordinator.job.scale.ScaleService.Bounds;
import org.simreg.coordinator.job.schedule.Demand;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The number of workers wanted within one pair of bounds, over time, and its followers. */
final class ScaleTarget {
    private static final Logger LOG = LoggerFactory.getLogger(ScaleTarget.class);

    private final List<IntConsumer> followers = new ArrayList<>();
    private DownDelay delay = DownDelay.NONE;
    private WorkersWanted wanted = new WorkersWanted(0, 0, "nobody has asked yet");
    private int told;

    /**
     * Time has passed, or something has changed.
     *
     * @param now milliseconds of a clock that doesn't go back
     * @param window how long a higher number holds, in milliseconds
     */
    void look(List<Demand> demands, Bounds bounds, long now, long window) {
        WorkersWanted raw = WorkersWanted.of(demands, bounds);
        delay = delay.next(raw.used(), now, window);
        int held = Math.max(raw.workers(), Math.min(delay.number(), bounds.max()));
        wanted = held == raw.workers() ? raw : new WorkersWanted(held, raw.used(), kept(raw, held, window));
        if (told != held) {
            told = held;
            List.copyOf(followers).forEach(this::tell);
        }
    }

    private static String kept(WorkersWanted raw, int held, long window) {
        return "%s; %s stay for %d s after they were last wanted"
                .formatted(raw.reason(), WorkersWanted.counted(held), window / 1000);
    }

    WorkersWanted wanted() {
        return wanted;
    }

    void follow(IntConsumer follower) {
        followers.add(follower);
        tell(follower);
    }

    void leave(IntConsumer follower) {
        followers.remove(follower);
    }

    boolean followed() {
        return !followers.isEmpty();
    }

    /** One who can't be told doesn't keep it from the others. */
    private void tell(IntConsumer follower) {
        try {
            follower.accept(told);
        } catch (RuntimeException e) {
            LOG.warn("Someone who follows the number of workers can't be told it", e);
            followers.remove(follower);
        }
    }

    /**
     * The delay before a number goes down: its peaks of the past, so that it rises at once and
     * falls only when it has not been higher for a while.
     *
     * @param peaks falling numbers, each with when it was last reached
     */
    record DownDelay(List<Peak> peaks) {
        /** Without a past. */
        static final DownDelay NONE = new DownDelay(List.of());

        /**
         * A number and when it was last reached.
         *
         * @param at milliseconds
         */
        record Peak(int number, long at) {}

        /**
         * Takes the number of now.
         *
         * @param now milliseconds of a clock that doesn't go back
         * @param window for so many milliseconds a higher number holds
         */
        DownDelay next(int number, long now, long window) {
            List<Peak> next = new ArrayList<>();
            for (Peak peak : peaks) {
                if (peak.number > number && now - peak.at < window) {
                    next.add(peak);
                }
            }
            next.add(new Peak(number, now));
            return new DownDelay(List.copyOf(next));
        }

        /** What holds now; 0 without a past. */
        int number() {
            return peaks.isEmpty() ? 0 : peaks.get(0).number;
        }
    }
}
