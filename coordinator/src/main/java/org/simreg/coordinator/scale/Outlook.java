package org.simreg.coordinator.scale;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntConsumer;
import org.simreg.coordinator.api.ScaleDesk.Bounds;
import org.simreg.coordinator.schedule.Demand;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The number of one who asks, over time, and who follows it. */
final class Outlook {
    private static final Logger LOG = LoggerFactory.getLogger(Outlook.class);

    private final List<IntConsumer> followers = new ArrayList<>();
    private Calm calm = Calm.NEW;
    private Wanted wanted = new Wanted(0, 0, "nobody has asked yet");
    private int told;

    /**
     * Time has passed, or something has changed.
     *
     * @param now milliseconds of a clock that doesn't go back
     * @param window how long a higher number holds, in milliseconds
     */
    void look(List<Demand> demands, Bounds bounds, long now, long window) {
        Wanted raw = Wanted.of(demands, bounds);
        calm = calm.then(raw.used(), now, window);
        int held = Math.max(raw.workers(), Math.min(calm.number(), bounds.max()));
        wanted =
                held == raw.workers() ? raw : new Wanted(held, raw.used(), kept(raw, held, window));
        if (told != held) {
            told = held;
            List.copyOf(followers).forEach(this::tell);
        }
    }

    private static String kept(Wanted raw, int held, long window) {
        return "%s; %s stay for %d s after they were last wanted"
                .formatted(raw.reason(), Wanted.counted(held), window / 1000);
    }

    Wanted wanted() {
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
}
