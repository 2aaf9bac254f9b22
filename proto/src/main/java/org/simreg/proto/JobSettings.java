package org.simreg.proto;

import java.util.function.BiConsumer;

/** Completion and check of a job: fills in absent settings and refuses wrong ones. */
public final class JobSettings {
    private JobSettings() {}

    /**
     * Fills in every absent setting and checks the whole.
     *
     * <p>A section that takes no part stays absent: the head and the teacher's network with the
     * teacher {@code self}, the network of a TorchScript teacher, the momentum teacher's settings
     * with any other. Completing a completed job changes nothing.
     *
     * @param asked any job, however incomplete
     * @return the job with all defaults, within all bounds
     * @throws UserError if a setting is missing, out of its bounds or at odds with another; the
     *     message lists all of them by field, value and bound
     */
    public static Job complete(Job asked) {
        return complete(asked, (job, problems) -> {});
    }

    /**
     * Fills in every absent setting of a job that was complete for an earlier version: what is absent then is younger
     * than the job, and its default is what that version did.
     */
    public static Job renewed(Job made) {
        if (made.getViews().hasInterpolation()) {
            return JobDefaults.fill(made);
        }
        Job.Builder before = made.toBuilder();
        before.getViewsBuilder().setInterpolation(Views.Resizing.BILINEAR);
        return JobDefaults.fill(before.build());
    }

    /**
     * How pictures are resized for the views of a job.
     *
     * @param job that no longer leaves this to its teachers
     */
    public static Interpolation interpolation(Job job) {
        return switch (job.getViews().getInterpolation()) {
            case BILINEAR -> Interpolation.BILINEAR;
            case BICUBIC -> Interpolation.BICUBIC;
            default -> throw new IllegalArgumentException("the teachers' networks are not known yet");
        };
    }

    /**
     * As {@link #complete(Job)}, with checks of the job's files.
     *
     * @param more adds to a refusal what is wrong with the job's files: all is told at once. It is
     *     given every default, but not within its bounds
     */
    public static Job complete(Job asked, BiConsumer<Job, Problems> more) {
        Job job = JobDefaults.fill(asked);
        Problems problems = new Problems();
        JobBounds.check(job, problems);
        new JobRules(job, problems).check();
        if (!problems.none()) {
            more.accept(job, problems);
        }
        problems.refuse("The job is refused");
        return job;
    }
}
