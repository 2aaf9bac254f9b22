package org.simreg.coordinator.run.log;

import java.util.ArrayDeque;
import java.util.Deque;
import org.simreg.coordinator.job.RunFiles;
import org.simreg.proto.LedgerEntry;
import org.simreg.proto.LedgerEntry.Commit;

/**
 * The newest steps of a ledger that were not taken back: those of the last two epochs, in order.
 */
final class LedgerTail {
    private final Deque<Step> steps = new ArrayDeque<>();

    /** The last step where {@link #steps} is empty: that of a rewind, or 0. */
    private final long base;

    /** Of the last line: generations never fall. */
    private long generation;

    /** A committed step with its wall time in seconds. */
    private record Step(Commit commit, double seconds) {}

    private LedgerTail(long base, long generation) {
        this.base = base;
        this.generation = generation;
    }

    /** Reads a ledger from its end back to where the epoch before the last begins. */
    static LedgerTail of(LedgerText text) {
        Deque<Step> found = new ArrayDeque<>();
        long most = Long.MAX_VALUE;
        boolean more = true;
        for (int line = text.lines() - 1; line >= 0 && more; line--) {
            LedgerEntry entry = text.entry(line);
            if (entry.hasRewind()) {
                most = Math.min(most, entry.getRewind().getStep());
            } else if (entry.getCommit().getStep() <= most) {
                Commit commit = entry.getCommit();
                more = found.isEmpty() || near(commit, found.getLast().commit);
                if (more) {
                    found.addFirst(new Step(commit, secondsBefore(text, line)));
                    most = commit.getStep() - 1;
                }
            }
        }
        LedgerTail tail = new LedgerTail(most == Long.MAX_VALUE ? 0 : most, lastGeneration(text));
        tail.steps.addAll(found);
        return tail;
    }

    private static long lastGeneration(LedgerText text) {
        if (text.lines() == 0) {
            return 0;
        }
        LedgerEntry last = text.entry(text.lines() - 1);
        return Math.max(last.getCommit().getGeneration(), last.getRewind().getGeneration());
    }

    private static boolean near(Commit commit, Commit last) {
        return commit.getEpoch() >= last.getEpoch() - 1;
    }

    /** Wall time from the line before. */
    private static double secondsBefore(LedgerText text, int line) {
        return line == 0
                ? 0
                : (text.entry(line).getTimeMs() - text.entry(line - 1).getTimeMs()) / 1e3;
    }

    void add(Commit commit, double seconds) {
        steps.addLast(new Step(commit, seconds));
        generation = commit.getGeneration();
        while (!near(steps.getFirst().commit, commit)) {
            steps.removeFirst();
        }
    }

    RunFiles.LedgerHead head() {
        if (steps.isEmpty()) {
            return new RunFiles.LedgerHead(base, 0, 0, generation);
        }
        Commit last = steps.getLast().commit;
        return new RunFiles.LedgerHead(last.getStep(), last.getEpoch(), last.getLoss(), generation);
    }

    RunFiles.EpochSum sum(int epoch) {
        RunFiles.EpochSum sum = RunFiles.EpochSum.EMPTY;
        for (Step step : steps) {
            if (step.commit.getEpoch() == epoch) {
                sum =
                        new RunFiles.EpochSum(
                                sum.steps() + 1,
                                sum.losses() + step.commit.getLoss(),
                                sum.seconds() + step.seconds,
                                sum.images() + step.commit.getSamples());
            }
        }
        return sum;
    }
}
