package org.simreg.coordinator.run.folder;

import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.simreg.proto.EvaluationDone;
import org.simreg.proto.JobState;
import org.simreg.proto.Progress;

/**
 * A replay of an event log, from its first event on, that says which events count: neither those
 * that were taken back with their steps, nor those that came a second time, as the start of a run
 * that is resumed does.
 *
 * <p>Steps are taken back where a generation begins before them, or where one of them is committed
 * again; with them goes all that came after the first of them. Checkpoints are reported late, from
 * another thread: they count by their step and not by their place. The end of a run is taken back
 * with any step, and when the run is queued again.
 */
final class EventReplay {
    private final BitSet counted = new BitSet();

    /** Places of the counted events that count once, by what is the same when they come again. */
    private final Map<Progress, Integer> known = new HashMap<>();

    /** By place: number of a step that counts; 0 for another event. */
    private long[] steps = new long[256];

    private int size;
    private long last;
    private int cuts;

    /** Whether the event before says that the job runs, as it does before a generation. */
    private boolean nowRunning;

    /**
     * Takes the next event.
     *
     * @return whether it counts
     */
    boolean take(Progress event) {
        boolean resumes = nowRunning;
        nowRunning = becomes(event, JobState.RUNNING);
        switch (event.getEventCase()) {
            case STEP -> {
                if (event.getStep().getStep() <= last) {
                    rewind(event.getStep().getStep() - 1);
                }
            }
            case GENERATION -> {
                if (event.getGeneration().getStep() < last) {
                    rewind(event.getGeneration().getStep());
                    if (resumes) {
                        counted.set(size - 1);
                    }
                }
            }
            case STATE -> {
                if (becomes(event, JobState.QUEUED)) {
                    takeEndBack();
                }
            }
            default -> {}
        }
        return add(event);
    }

    private static boolean becomes(Progress event, JobState state) {
        return event.hasState() && event.getState().getState() == state;
    }

    private boolean add(Progress event) {
        int place = size++;
        if (place == steps.length) {
            steps = Arrays.copyOf(steps, 2 * place);
        }
        if (event.hasStep()) {
            last = event.getStep().getStep();
            steps[place] = last;
        }
        boolean counts = !once(event) || known.putIfAbsent(timeless(event), place) == null;
        counted.set(place, counts);
        return counts;
    }

    /** Whether an event counts once, however often it comes. */
    private static boolean once(Progress event) {
        return !event.hasStep() && !event.hasGeneration() && !event.hasState();
    }

    /** An event without what differs when the same thing is done again. */
    private static Progress timeless(Progress event) {
        Progress.Builder same = event.toBuilder().clearTimeMs();
        switch (event.getEventCase()) {
            case STARTED -> same.getStartedBuilder().clearResumedStep();
            case EPOCH -> same.getEpochBuilder().clearSeconds();
            case EVALUATION ->
                same.getEvaluationBuilder().clearSeconds().clearBest().clearCost();
            default -> {}
        }
        return same.build();
    }

    /**
     * Takes back what came with later steps, and that the run has ended.
     *
     * @param step last one that counts
     */
    void rewind(long step) {
        int from = firstAfter(step);
        counted.clear(from, size);
        Arrays.fill(steps, from, size, 0);
        keepKnown((event, place) ->
                event.hasCheckpoint() ? event.getCheckpoint().getStep() <= step : place < from && !event.hasFinished());
        cuts++;
    }

    /** Place of the first step that counts and is taken back; the size if none is. */
    private int firstAfter(long step) {
        int from = size;
        last = 0;
        for (int place = size - 1; place >= 0 && last == 0; place--) {
            if (steps[place] > step) {
                from = place;
            } else {
                last = steps[place];
            }
        }
        return from;
    }

    private void takeEndBack() {
        int before = known.size();
        keepKnown((event, place) -> !event.hasFinished());
        cuts += known.size() < before ? 1 : 0;
    }

    /** A rule for which of the events that count once stay. */
    @FunctionalInterface
    private interface Kept {
        boolean stays(Progress event, int place);
    }

    private void keepKnown(Kept kept) {
        known.entrySet().removeIf(each -> {
            boolean stays = kept.stays(each.getKey(), each.getValue());
            counted.set(each.getValue(), stays);
            return !stays;
        });
    }

    /** The evaluations that count, by when they came, without times. */
    List<EvaluationDone> evaluations() {
        return known.entrySet().stream()
                .filter(each -> each.getKey().hasEvaluation())
                .sorted(Map.Entry.comparingByValue())
                .map(each -> each.getKey().getEvaluation())
                .toList();
    }

    /** How often something was taken back that had counted. */
    int cuts() {
        return cuts;
    }

    /** The last step that counts; 0 before there is one. */
    long last() {
        return last;
    }

    /**
     * Whether an event counts.
     *
     * @param sequence its number, from 0
     */
    boolean counts(long sequence) {
        return counted.get(Math.toIntExact(sequence));
    }

    /** Sequence number of the newest event that counts. */
    OptionalLong newest() {
        return counted.isEmpty() ? OptionalLong.empty() : OptionalLong.of(counted.length() - 1);
    }
}
