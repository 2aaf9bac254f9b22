package org.simreg.worker.train.student;

import java.nio.file.Path;
import org.simreg.proto.Cache;
import org.simreg.proto.Job;
import org.simreg.proto.UserError;
import org.simreg.worker.train.teacher.FeatureCache;

/** The checks that a checkpoint continues a job to the same result. */
public final class ResumeCheck {
    private ResumeCheck() {}

    /**
     * Refuses a checkpoint of another job or, for an exact job, of another machine's rounding.
     *
     * @param profile numeric profile of this machine
     * @throws UserError if the checkpoint's job computes something else, or its profile differs and
     *     the job is exact
     */
    public static void check(RunCheckpoint checkpoint, Path file, Job job, String profile) {
        sameJob(file, RunCheckpoint.job(checkpoint.made().job(), file), job);
        if (job.getExact() && !checkpoint.made().profile().equals(profile)) {
            throw new UserError(file
                    + " was computed on \""
                    + checkpoint.made().profile()
                    + "\" and this is \""
                    + profile
                    + "\", which rounds differently; use the same device and --threads, or set exact: false");
        }
    }

    /**
     * Refuses a job that would go on from another's run to another result.
     *
     * @param file that says what made the run, for the message
     * @param made job that made the run, completed
     * @throws UserError if the job computes something else
     */
    public static void sameJob(Path file, Job made, Job job) {
        if (!essence(made).equals(essence(job))) {
            throw new UserError(file
                    + " was made by another job; resume with the settings in job.yaml of its run folder, or start a run "
                    + "in another folder with --out");
        }
    }

    /**
     * Refuses a data set that has changed: its samples would come in another order.
     *
     * @param images in the train part now
     */
    public static void sameImages(RunCheckpoint checkpoint, int images, Job job, Path file) {
        if (checkpoint.made().images() != images) {
            throw new UserError(
                    "%s was computed from %d train images and %s has %d now; put the data set back, or start a new run"
                            .formatted(
                                    file,
                                    checkpoint.made().images(),
                                    job.getDataset().getPath(),
                                    images));
        }
    }

    /**
     * The step to continue after.
     *
     * @param end of the job, in steps
     * @throws UserError if it lies behind the end
     */
    public static long within(long step, long end, Path file) {
        if (step > end) {
            throw new UserError(file
                    + " is at step "
                    + step
                    + ", behind the job's end at step "
                    + end
                    + "; raise optimization.max_steps, or start a run in another folder with --out");
        }
        return step;
    }

    /**
     * The job without what doesn't decide its result: names, files, measuring, length cut by
     * max_steps.
     */
    private static Job essence(Job job) {
        Job.Builder essence = job.toBuilder()
                .clearName()
                .clearCheckpoints()
                .clearEvaluation()
                .clearExact()
                .clearPlacement()
                .clearReduce();
        essence.getOptimizationBuilder().clearMaxSteps();
        essence.getDatasetBuilder().clearPath().clearValLabels().clearAllowChanged();
        cache(job, essence);
        return essence.build();
    }

    /** Where features are kept doesn't decide a result, which views there are does. */
    private static void cache(Job job, Job.Builder essence) {
        if (FeatureCache.views(job) == 0) {
            essence.clearCache();
            return;
        }
        Cache.Builder cache = essence.getCacheBuilder().clearStore();
        if (cache.getPrecision() != Cache.Format.FLOAT16) {
            cache.clearPrecision();
        }
        if (cache.getFixed()) {
            essence.getEvaluationBuilder().setResize(job.getEvaluation().getResize());
        }
    }
}
