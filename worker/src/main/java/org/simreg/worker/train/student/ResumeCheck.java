package org.simreg.worker.train.student;

import java.nio.file.Path;
import java.util.Optional;
import org.simreg.proto.Cache;
import org.simreg.proto.Continued;
import org.simreg.proto.DataSource;
import org.simreg.proto.Job;
import org.simreg.proto.JobSettings;
import org.simreg.proto.NumericProfile;
import org.simreg.proto.UserError;
import org.simreg.proto.Views;
import org.simreg.worker.data.dataset.ImageList;
import org.simreg.worker.data.dataset.ImageManifest;
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
        if (job.getExact() && !NumericProfile.same(checkpoint.made().profile(), profile)) {
            throw new UserError(
                    "The checkpoint of step %d was computed on \"%s\" and this is \"%s\", which rounds differently; use the same device and --threads, or set exact: false"
                            .formatted(checkpoint.step(), checkpoint.made().profile(), profile));
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
        Job asked = job.getViews().getInterpolation() == Views.Resizing.TEACHER ? resizedAs(made, job) : job;
        if (!essence(made).equals(essence(asked)) && !continues(made, asked)) {
            throw new UserError(file
                    + " was made by another job; resume with the settings in job.yaml of its run folder, or start a run "
                    + "in another folder with --out");
        }
    }

    /** What the teachers' files decide is compared by the worker, which reads them. */
    private static Job resizedAs(Job made, Job job) {
        Job.Builder asked = job.toBuilder();
        asked.getViewsBuilder()
                .setInterpolation(JobSettings.renewed(made).getViews().getInterpolation());
        return asked.build();
    }

    /** What the last continuation of a job is, as a sentence. */
    public static String continuation(Job job) {
        Continued past = job.getContinued();
        int last = past.getEpochsCount() - 1;
        int epochs = job.getOptimization().getEpochs();
        return "The run of %d %s is continued to %d after step %d, with the learning rate of a run of %d from there on; its bits are not those of a run of %d epochs from the start"
                .formatted(
                        past.getEpochs(last),
                        past.getEpochs(last) == 1 ? "epoch" : "epochs",
                        epochs,
                        past.getSteps(last),
                        epochs,
                        epochs);
    }

    /** Whether a job is another with more epochs, perhaps several times, as its lineage says. */
    private static boolean continues(Job made, Job job) {
        Job essence = essence(made);
        for (int i = made.getContinued().getEpochsCount();
                i < job.getContinued().getEpochsCount();
                i++) {
            Job.Builder before = job.toBuilder();
            before.getOptimizationBuilder().setEpochs(job.getContinued().getEpochs(i));
            if (essence.equals(essence(before.build()))) {
                return true;
            }
        }
        return false;
    }

    /**
     * Refuses a data set that has changed, unless the job allows it: its samples would come in another order, or be
     * others.
     *
     * @param images in the train part now
     * @param manifest the same by name, if it is known
     * @return a sentence about what has changed; empty if nothing has, as far as is known
     * @throws UserError if something has and the job doesn't allow it
     */
    public static Optional<String> sameImages(
            RunCheckpoint checkpoint, int images, Optional<ImageManifest> manifest, Job job) {
        return sameImages(checkpoint.step(), checkpoint.made(), images, manifest, job);
    }

    /**
     * As {@link #sameImages(RunCheckpoint, int, Optional, Job)}, by the header of a checkpoint: before anything is
     * written for a run that goes on from it. Nothing is said of a damaged file.
     *
     * @throws UserError if the images have changed and the job doesn't allow it
     */
    public static Optional<String> sameImages(Path checkpoint, ImageList images, Job job) {
        return RunCheckpoint.origin(checkpoint)
                .flatMap(made -> sameImages(
                        RunCheckpoint.stepOf(checkpoint),
                        made,
                        images.size(),
                        Optional.of(ImageManifest.of(images)),
                        job));
    }

    private static Optional<String> sameImages(
            long step, RunCheckpoint.Origin made, int images, Optional<ImageManifest> manifest, Job job) {
        String counts = "%d train images".formatted(made.images());
        String now = "has %d now".formatted(images);
        boolean known = made.manifest().isPresent() && manifest.isPresent();
        if (known) {
            String changes = made.manifest().get().changes(manifest.get());
            now = changes.isEmpty() ? "" : "has changed: " + changes;
            counts = "it as it was";
        }
        if (known ? now.isEmpty() : made.images() == images) {
            return Optional.empty();
        }
        String path = DataSource.shown(job.getDataset());
        if (!job.getDataset().getAllowChanged()) {
            throw new UserError(
                    "The data set %s %s; the checkpoint of step %d was computed from %s. Put the data set back, start a new run, or go on with --allow-changed-data"
                            .formatted(path, now, step, counts));
        }
        return Optional.of("From step %d on the run sees other images, as --allow-changed-data says: %s %s"
                .formatted(step + 1, path, now));
    }

    /**
     * The step to continue after.
     *
     * @param end of the job, in steps
     * @throws UserError if it lies behind the end
     */
    public static long within(long step, long end) {
        if (step > end) {
            throw new UserError(
                    "The checkpoint is of step %d, behind the job's end at step %d; raise optimization.max_steps, or start a run in another folder with --out"
                            .formatted(step, end));
        }
        return step;
    }

    /**
     * The job without what doesn't decide its result: names, files, measuring, length cut by
     * max_steps.
     */
    private static Job essence(Job job) {
        Job.Builder essence = JobSettings.renewed(job).toBuilder()
                .clearName()
                .clearCheckpoints()
                .clearEvaluation()
                .clearExact()
                .clearPlacement()
                .clearReduce()
                .clearContinued();
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
