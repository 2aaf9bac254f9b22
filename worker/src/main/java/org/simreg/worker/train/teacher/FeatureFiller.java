package org.simreg.worker.train.teacher;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.simreg.proto.Job;
import org.simreg.proto.Problems;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.Notices;
import org.simreg.worker.data.dataset.ImageList;
import org.simreg.worker.data.loader.Batch;
import org.simreg.worker.data.loader.BatchLoader;
import org.simreg.worker.data.loader.BatchStream;
import org.simreg.worker.data.storage.DatasetOpener;
import org.simreg.worker.data.storage.WorkerSettings;
import org.simreg.worker.data.view.View;
import org.simreg.worker.engine.torch.Torch;

/**
 * The computation of all features of a job's teachers into their stores, without training. What is
 * there is passed over, so that it can be stopped and started again, and several may fill parts of
 * the same stores at once.
 */
public final class FeatureFiller implements AutoCloseable {
    private Job job;
    private final Deque<AutoCloseable> open = new ArrayDeque<>();
    private Torch torch;
    private ImageList images;
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
        /** All rows. */
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

    /** A listener to how far a filling is. */
    public interface Progress {
        /**
         * @param done images whose features are there, each counted in each view
         * @param all of this part
         */
        void at(long done, long all);
    }

    private FeatureFiller(Job job) {
        this.job = job;
    }

    /**
     * Loads data and teachers and opens the stores, on the thread that will use it.
     *
     * @param job completed, with a cache that keeps something
     * @param notices sentences for people, also from decode threads
     * @throws UserError if data, weights or stores can't be used
     */
    public static FeatureFiller open(Job job, WorkerSettings settings, Notices notices) {
        FeatureFiller opened = new FeatureFiller(job);
        try {
            opened.load(settings, notices);
            return opened;
        } catch (RuntimeException | Error e) {
            opened.close();
            throw e;
        }
    }

    private void load(WorkerSettings settings, Notices notices) {
        torch = opened(new Torch(settings.device(), settings.threads(), settings.torchscript()));
        torch.enter();
        ImageList train = DatasetOpener.open(job, settings, notices).train();
        images = train;
        samples = train.size();
        Problems problems = new Problems();
        job = TeacherNetworks.named(job, notices, problems);
        List<FrozenTeacher> teachers = FrozenTeacher.load(torch, job, problems, notices);
        teachers.forEach(this::opened);
        problems.refuse("The job is refused");
        views = ViewPlan.of(job, false);
        FeatureKey keys = new FeatureKey(job, train.sha256(), torch.profile());
        features = new FeatureCache(job, keys, samples, settings, notices).open(torch.transfers(), teachers, views);
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
        long units = (long) FeatureCache.views(job) * MissingRows.units(samples, size);
        MissingRows.Range range = part.range(units);
        MissingRows missing = new MissingRows(views, features, samples, size, range);
        long before = MissingRows.images(range.from(), samples, size);
        long all = MissingRows.images(range.to(), samples, size) - before;
        try (BatchStream batches = loader.batches(missing)) {
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
                            torch.transfers().images(scope, batch.views(view), batch.size(), batch.viewSize(view));
                    requireFinite(features.get(i).compute(scope, batch.request(), images), batch, i);
                }
            }
        }
    }

    private void requireFinite(NDArray computed, Batch batch, int teacher) {
        float[] values = computed.toFloatArray();
        for (int i = 0; i < values.length; i++) {
            if (!Float.isFinite(values[i])) {
                int row = (int) ((long) i * batch.size() / values.length);
                throw new UserError(
                        "The features that %s gives for %s are no finite numbers (%s), and are not kept: its weights are damaged, belong to another network, or overflow in this precision"
                                .formatted(
                                        job.getTeachers(teacher).getSource(),
                                        images.location(batch.sources()[row]),
                                        values[i]));
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

    /**
     * The micro-batches of which not all features are there, in the order of the rows: view by
     * view. A view's last one is filled up with its first samples, because features round by the
     * size.
     */
    private static final class MissingRows implements Iterator<BatchLoader.Request> {
        private final ViewPlan plan;
        private final List<TeacherFeatures> features;
        private final int samples;
        private final int size;
        private final long end;
        private long unit;
        private BatchLoader.Request next;

        /**
         * @param features one a teacher
         * @param samples in the data set
         * @param size of a micro-batch
         */
        MissingRows(ViewPlan plan, List<TeacherFeatures> features, int samples, int size, Range range) {
            this.plan = plan;
            this.features = features;
            this.samples = samples;
            this.size = size;
            unit = range.from();
            end = range.to();
        }

        /**
         * A range of micro-batches by their place among all.
         *
         * @param from first
         * @param to behind the last
         */
        record Range(long from, long to) {}

        /** Micro-batches of one view. */
        static int units(int samples, int size) {
            return (samples + size - 1) / size;
        }

        /** Images in the micro-batches before this place, each counted in each view. */
        static long images(long unit, int samples, int size) {
            int each = units(samples, size);
            return unit / each * samples + unit % each * size;
        }

        @Override
        public boolean hasNext() {
            while (next == null && unit < end) {
                next = missing(unit);
                unit++;
            }
            return next != null;
        }

        @Override
        public BatchLoader.Request next() {
            if (!hasNext()) {
                throw new NoSuchElementException("the part ends at micro-batch " + end);
            }
            BatchLoader.Request found = next;
            next = null;
            return found;
        }

        /** Place of a micro-batch among all. */
        long unit(BatchLoader.Request batch) {
            return (long) batch.epoch() * units(samples, size) + batch.ids()[0] / size;
        }

        /** The request for what a micro-batch lacks; null if nothing. */
        private BatchLoader.Request missing(long unit) {
            int view = Math.toIntExact(unit / units(samples, size));
            int from = (int) (unit % units(samples, size)) * size;
            int[] ids =
                    IntStream.range(from, from + size).map(id -> id % samples).toArray();
            BatchLoader.Request all = new BatchLoader.Request(view, ids, plan.views());
            List<Integer> seen = plan.passes().get(0).teachers();
            List<View> needed = IntStream.range(0, features.size())
                    .filter(i -> !features.get(i).has(all))
                    .mapToObj(i -> plan.views().get(seen.get(i)))
                    .distinct()
                    .toList();
            return needed.isEmpty() ? null : new BatchLoader.Request(view, ids, needed);
        }
    }
}
