package org.simreg.coordinator.view.console;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.simreg.coordinator.run.log.EventNames;
import org.simreg.proto.StepDone;

/**
 * The most recent steps of a run and averages over them: those of the last 20 seconds, at least 5
 * and at most 500.
 */
final class RecentSteps {
    private static final double WINDOW_SECONDS = 20;
    private static final int LEAST = 5;
    private static final int MOST = 500;

    private final Deque<StepDone> recent = new ArrayDeque<>();

    /** Adds a step and forgets those that are too old. */
    void add(StepDone step) {
        recent.addLast(step);
        while (recent.size() > MOST
                || (recent.size() > LEAST
                        && sum(StepDone::getSeconds) - recent.getFirst().getSeconds() >= WINDOW_SECONDS)) {
            recent.removeFirst();
        }
    }

    /** Images a second; 0 before the first step. */
    double imagesPerSecond() {
        double seconds = sum(StepDone::getSeconds);
        return seconds > 0 ? sum(StepDone::getImages) / seconds : 0;
    }

    /** The mean loss; NaN before the first step. */
    double loss() {
        return sum(StepDone::getLoss) / recent.size();
    }

    /** Time that so many more steps take; unknown counts as zero before the first step. */
    Duration time(long steps) {
        double each = recent.isEmpty() ? 0 : sum(StepDone::getSeconds) / recent.size();
        return Duration.ofMillis((long) (steps * each * 1000));
    }

    /**
     * Shares of the time, 0 to 1, by the name of the part of a step; they sum to 1 or, with
     * waiting, to less.
     */
    Map<String, Double> shares() {
        Map<String, Double> shares = new LinkedHashMap<>();
        recent.forEach(step -> EventNames.add(shares, step));
        double known = shares.values().stream().mapToDouble(Double::doubleValue).sum();
        double all = Math.max(sum(StepDone::getSeconds), known);
        shares.replaceAll((part, seconds) -> all > 0 ? seconds / all : 0);
        return shares;
    }

    private double sum(ToDoubleFunction<StepDone> number) {
        return recent.stream().mapToDouble(number).sum();
    }
}
