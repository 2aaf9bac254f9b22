package org.simreg.worker.distill;

import java.nio.file.Path;
import org.simreg.proto.Job;
import org.simreg.proto.UserError;
import org.simreg.worker.torchscript.Trained;

/** Finds the checkpoint that a run continues from, and refuses one that would change the result. */
final class Resumption {
    private Resumption() {}

    /**
     * The newest checkpoint.
     *
     * @param profile numeric profile of this machine
     * @throws UserError if there is none, its job computes something else, or its profile differs
     *     and the job is exact
     */
    static RunCheckpoint newest(Path folder, Job job, Trained trained, String profile) {
        Path file =
                RunCheckpoint.newest(folder)
                        .orElseThrow(
                                () ->
                                        new UserError(
                                                "there is no checkpoint in "
                                                        + folder
                                                        + " to resume from; start anew with --overwrite"));
        RunCheckpoint checkpoint = RunCheckpoint.read(file, trained);
        sameJob(file, RunCheckpoint.job(checkpoint.made().job(), file), job);
        if (job.getExact() && !checkpoint.made().profile().equals(profile)) {
            throw new UserError(
                    file
                            + " was computed on \""
                            + checkpoint.made().profile()
                            + "\" and this is \""
                            + profile
                            + "\", which rounds differently; use the same device and --threads, or set exact: false");
        }
        return checkpoint;
    }

    /**
     * Refuses a job that computes something else.
     *
     * @param made job of the checkpoint
     */
    static void sameJob(Path file, Job made, Job job) {
        if (!essence(made).equals(essence(job))) {
            throw new UserError(
                    file
                            + " was made by another job; resume with the settings in job.yaml of its run folder, or start a run "
                            + "in another folder with --out");
        }
    }

    /**
     * Refuses a data set that has changed: its samples would come in another order.
     *
     * @param images in the train part now
     */
    static void sameImages(RunCheckpoint checkpoint, int images, Job job, Path run) {
        if (checkpoint.made().images() != images) {
            throw new UserError(
                    "the run in %s was computed from %d train images and %s has %d now; put the data set back, or start a new run"
                            .formatted(
                                    run,
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
    static long within(long step, long end, Path run) {
        if (step > end) {
            throw new UserError(
                    "the newest checkpoint in "
                            + run
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
        Job.Builder essence =
                job.toBuilder()
                        .clearName()
                        .clearCheckpoints()
                        .clearEvaluation()
                        .clearExact()
                        .clearPlacement()
                        .clearReduce();
        essence.getOptimizationBuilder().clearMaxSteps();
        essence.getDatasetBuilder().clearPath();
        return essence.build();
    }
}
