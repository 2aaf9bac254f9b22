package org.simreg.worker.distill;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.simreg.proto.Job;
import org.simreg.proto.Problems;
import org.simreg.worker.data.Batch;
import org.simreg.worker.data.BatchLoader;
import org.simreg.worker.data.Batches;
import org.simreg.worker.data.ImageFolder;
import org.simreg.worker.data.View;
import org.simreg.worker.torchscript.Torch;

/**
 * Fills the stores of a job's teachers without training. What is there is passed over, so that it
 * can be stopped and started again, and several may fill parts of the same stores at once.
 */
public final class FeatureFill implements AutoCloseable {
    private final Job job;
    private final Deque<AutoCloseable> open = new ArrayDeque<>();
    private Torch torch;
    private ViewPlan views;
    private List<TeacherFeatures> features;
    private BatchLoader loader;
    private int samples;

    /**
     * One of several equal parts of the rows.
     *
     * @param number from 1
     * @param of how many parts
     */
    public record Part(int number, int of) {
        /** All of it. */
        public static final Part WHOLE = new Part(1, 1);

        public Part {
            if (number < 1 || number > of) {
                throw new IllegalArgumentException("part " + number + " of " + of);
            }
        }

        MissingRows.Range range(long units) {
            return new MissingRows.Range(units * (number - 1) / of, units * number / of);
        }
    }

    /** Hears how far it is. */
    public interface Progress {
        /**
         * @param done images whose features are there, each counted in each view
         * @param all of this part
         */
        void at(long done, long all);
    }

    private FeatureFill(Job job) {
        this.job = job;
    }

    /**
     * Loads data and teachers and opens the stores, on the thread that will use it.
     *
     * @param job completed, with a cache that keeps something
     * @param notices sentences for people, also from decode threads
     * @throws org.simreg.proto.UserError if data, weights or stores can't be used
     */
    public static FeatureFill open(Job job, WorkerSettings settings, Consumer<String> notices) {
        FeatureFill opened = new FeatureFill(job);
        try {
            opened.load(settings, notices);
            return opened;
        } catch (RuntimeException | Error e) {
            opened.close();
            throw e;
        }
    }

    private void load(WorkerSettings settings, Consumer<String> notices) {
        torch = opened(new Torch(settings.device(), settings.threads()));
        torch.enter();
        ImageFolder train = ImageParts.open(job, settings, notices).train();
        samples = train.size();
        Problems problems = new Problems();
        List<Teacher> teachers = Teacher.load(torch, job, problems);
        teachers.forEach(this::opened);
        problems.refuse("The job is refused");
        views = ViewPlan.of(job, false);
        FeatureKey keys = new FeatureKey(job, train.sha256(), torch.profile());
        features = new KeptFeatures(job, keys, samples, settings, notices).open(teachers, views);
        features.forEach(this::opened);
        loader = opened(new BatchLoader(train, settings.loader(job.getSeed()), notices));
    }

    /**
     * Computes what is missing in a part.
     *
     * @param stop once true, it ends after the images at hand
     * @return whether it came to its end
     */
    public boolean fill(Part part, Progress progress, BooleanSupplier stop) {
        int size = FeatureKey.microBatch(job);
        long units = (long) KeptFeatures.views(job) * MissingRows.units(samples, size);
        MissingRows.Range range = part.range(units);
        MissingRows missing = new MissingRows(views, features, samples, size, range);
        long before = MissingRows.images(range.from(), samples, size);
        long all = MissingRows.images(range.to(), samples, size) - before;
        try (Batches batches = loader.batches(missing)) {
            while (batches.hasNext()) {
                if (stop.getAsBoolean()) {
                    return false;
                }
                try (Batch batch = batches.next()) {
                    compute(batch);
                    long behind = missing.unit(batch.request()) + 1;
                    progress.at(MissingRows.images(behind, samples, size) - before, all);
                }
            }
        }
        progress.at(all, all);
        return true;
    }

    private void compute(Batch batch) {
        List<View> made = batch.request().views();
        List<Integer> seen = views.passes().get(0).teachers();
        for (int i = 0; i < features.size(); i++) {
            int view = made.indexOf(views.views().get(seen.get(i)));
            if (view >= 0 && !features.get(i).has(batch.request())) {
                try (NDManager scope = torch.scope()) {
                    NDArray images =
                            Torch.images(
                                    scope, batch.views(view), batch.size(), batch.viewSize(view));
                    features.get(i).compute(scope, batch.request(), images);
                }
            }
        }
    }

    private <T extends AutoCloseable> T opened(T resource) {
        open.push(resource);
        return resource;
    }

    @Override
    public void close() {
        RuntimeException failure = null;
        while (!open.isEmpty()) {
            try {
                open.pop().close();
            } catch (Exception e) {
                IllegalStateException wrapped =
                        new IllegalStateException("the filling of features could not be closed", e);
                if (failure == null) {
                    failure = wrapped;
                } else {
                    failure.addSuppressed(wrapped);
                }
            }
        }
        if (failure != null) {
            throw failure;
        }
    }
}
