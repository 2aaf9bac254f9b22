package org.simreg.coordinator.job.schedule;

import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import org.simreg.proto.Job;
import org.simreg.proto.JobRecord;
import org.simreg.proto.JobSettings;
import org.simreg.proto.JobState;
import org.simreg.proto.Refused;
import org.simreg.proto.UserError;

/**
 * The states of a job and the legal transitions between them.
 *
 * <pre>
 *               Begin               all steps done
 *   QUEUED --------------> RUNNING ----------------> SUCCEEDED
 *     ^  ^  AwaitWorkers      |
 *     |  '--------------------'
 *     |
 *     |   RESUME
 *     '------------ PAUSED, FAILED, CANCELLED
 *
 *   QUEUED, RUNNING         -- PAUSE --> PAUSED
 *   QUEUED, RUNNING, PAUSED -- CANCEL -> CANCELLED
 *   QUEUED, RUNNING         -- trouble -> FAILED
 *   QUEUED, all steps done before -----> SUCCEEDED, once exports and report are written
 * </pre>
 */
public final class JobTransitions {
    /** A transition that clients can ask for. */
    public enum Transition {
        PAUSE("paused"),
        RESUME("resumed"),
        CANCEL("cancelled");

        private final String done;

        Transition(String done) {
            this.done = done;
        }
    }

    private JobTransitions() {}

    private static Set<Transition> legal(JobState state) {
        return switch (state) {
            case QUEUED, RUNNING -> EnumSet.of(Transition.PAUSE, Transition.CANCEL);
            case PAUSED -> EnumSet.of(Transition.RESUME, Transition.CANCEL);
            case FAILED, CANCELLED -> EnumSet.of(Transition.RESUME);
            default -> EnumSet.noneOf(Transition.class);
        };
    }

    /**
     * @throws Refused if the job's state doesn't have the transition
     */
    public static void check(JobRecord record, Transition transition) {
        Set<Transition> legal = legal(record.getState());
        if (!legal.contains(transition)) {
            throw new Refused(
                    Refused.Kind.STATE,
                    "The job %s can't be %s: it is %s, %s"
                            .formatted(
                                    record.getId(),
                                    transition.done,
                                    lower(record.getState()),
                                    legal.isEmpty()
                                            ? "and nothing changes that; submit it anew"
                                            : "from where it can only be "
                                                    + legal.stream()
                                                            .map(can -> can.done)
                                                            .collect(Collectors.joining(" or "))));
        }
    }

    /**
     * A record with another priority, whose settings stay what they are.
     *
     * @throws Refused if the job has ended
     * @throws UserError if the priority is out of its bounds
     */
    public static JobRecord.Builder prioritized(JobRecord record, int priority) {
        switch (record.getState()) {
            case QUEUED, RUNNING, PAUSED -> {}
            default ->
                throw new Refused(
                        Refused.Kind.STATE,
                        "The job %s has ended; a priority means nothing to it any more".formatted(record.getId()));
        }
        Job.Builder job = record.getJob().toBuilder();
        job.getPlacementBuilder().setPriority(priority);
        JobSettings.complete(job.build());
        return record.toBuilder().setPriority(priority);
    }

    /** Changes a record's state, and keeps count of the time that the job has waited. */
    public static void enter(JobRecord.Builder record, JobState state, long now) {
        if (record.getQueuedMs() > 0) {
            long waited = Math.max(0, now - record.getQueuedMs());
            record.setWaitedMs(record.getWaitedMs() + waited);
        }
        boolean over = state == JobState.SUCCEEDED || state == JobState.FAILED || state == JobState.CANCELLED;
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
