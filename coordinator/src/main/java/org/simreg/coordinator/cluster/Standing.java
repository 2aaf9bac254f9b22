package org.simreg.coordinator.cluster;

import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import org.simreg.proto.JobRecord;
import org.simreg.proto.JobState;
import org.simreg.proto.Refused;

/** The states of a job, and what may be asked in each. */
final class Standing {
    /** What somebody can ask. */
    enum Move {
        PAUSE("paused"),
        RESUME("resumed"),
        CANCEL("cancelled");

        private final String done;

        Move(String done) {
            this.done = done;
        }
    }

    private Standing() {}

    private static Set<Move> legal(JobState state) {
        return switch (state) {
            case QUEUED, RUNNING -> EnumSet.of(Move.PAUSE, Move.CANCEL);
            case PAUSED -> EnumSet.of(Move.RESUME, Move.CANCEL);
            case FAILED, CANCELLED -> EnumSet.of(Move.RESUME);
            default -> EnumSet.noneOf(Move.class);
        };
    }

    /**
     * @throws Refused if the job's state doesn't have the move
     */
    static void check(JobRecord record, Move move) {
        Set<Move> legal = legal(record.getState());
        if (!legal.contains(move)) {
            throw new Refused(
                    Refused.Kind.STATE,
                    "The job %s can't be %s: it is %s, %s"
                            .formatted(
                                    record.getId(),
                                    move.done,
                                    lower(record.getState()),
                                    legal.isEmpty()
                                            ? "and nothing changes that; submit it anew"
                                            : "from where it can only be "
                                                    + legal.stream()
                                                            .map(can -> can.done)
                                                            .collect(Collectors.joining(" or "))));
        }
    }

    /** Changes a record's state, and keeps count of the time that the job has waited. */
    static void enter(JobRecord.Builder record, JobState state, long now) {
        if (record.getQueuedMs() > 0) {
            long waited = Math.max(0, now - record.getQueuedMs());
            record.setWaitedMs(record.getWaitedMs() + waited);
        }
        boolean over =
                state == JobState.SUCCEEDED
                        || state == JobState.FAILED
                        || state == JobState.CANCELLED;
        record.setQueuedMs(state == JobState.QUEUED ? now : 0)
                .setEndedMs(over ? now : 0)
                .setState(state);
        if (state != JobState.RUNNING && state != JobState.QUEUED) {
            record.clearIntent();
        }
    }

    private static String lower(JobState value) {
        return value.name().toLowerCase(Locale.ROOT);
    }
}
