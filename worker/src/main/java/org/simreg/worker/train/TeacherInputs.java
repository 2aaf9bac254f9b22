package org.simreg.worker.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import org.simreg.worker.base.random.CounterRandom;
import org.simreg.worker.data.loader.Batch;
import org.simreg.worker.data.loader.BatchLoader;
import org.simreg.worker.data.loader.BatchStream;
import org.simreg.worker.data.view.View;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.engine.torchscript.TrainableStudent;
import org.simreg.worker.exchange.ahead.FeatureInbox;
import org.simreg.worker.train.StepClock.Part;
import org.simreg.worker.train.teacher.Targets;
import org.simreg.worker.train.teacher.ViewPlan;
import org.simreg.worker.train.teacher.ViewPlan.Pass;

/**
 * The inputs of a job's steps: decoded views from the {@link BatchLoader}, and the features that
 * the teachers give them, from {@link Targets}. Frozen teachers don't depend on the student, so
 * their features are made with the views, while the gradients of the step before travel. A momentum
 * teacher does depend on it, and is asked when its features are needed.
 */
final class TeacherInputs implements StepInputs {
    /** Part of a teacher's own time that a step waits for a helper which is at it. */
    private static final double PATIENCE = 0.5;

    private final TrainingPlan plan;
    private final ViewPlan views;
    private final Sources sources;
    private final StepClock clock;
    private final NavigableMap<Long, Share> ready = new TreeMap<>();
    private int first;
    private int count;
    private BatchStream batches;
    private long position;

    /**
     * The makers of views and features; none of them is closed here.
     *
     * @param targets of the frozen teachers; none for a momentum teacher
     * @param inbox of what helpers compute; none with a momentum teacher
     * @param seed of the job
     */
    record Sources(Torch torch, Targets targets, BatchLoader loader, Optional<FeatureInbox> inbox, long seed) {}

    /**
     * @param clock charged for data and teachers
     */
    TeacherInputs(TrainingPlan plan, ViewPlan views, Sources sources, StepClock clock) {
        this.plan = plan;
        this.views = views;
        this.sources = sources;
        this.clock = clock;
        count = plan.microBatches();
    }

    @Override
    public int passes() {
        return views.passes().size();
    }

    @Override
    public void share(int first, int count) {
        if (first != this.first || count != this.count) {
            clear();
            this.first = first;
            this.count = count;
        }
        clock.read();
    }

    @Override
    public void prepare(long step) {
        if (step >= plan.steps() || ready.containsKey(step)) {
            return;
        }
        sources.inbox.ifPresent(from -> from.at(step));
        if (batches == null || position != step) {
            closeBatches();
            batches = sources.loader.batches(plan.requests(sources.targets::request, step, first, count));
            position = step;
        }
        ready.put(step, make(step));
        position++;
    }

    private Share make(long step) {
        Share share = new Share(step);
        try {
            for (int part = first; part < first + count; part++) {
                share.add(part, batches.next());
            }
            return share;
        } catch (RuntimeException e) {
            share.close();
            throw e;
        }
    }

    @Override
    public List<? extends MicroBatch> of(long step) {
        Share share = ready.get(step);
        if (share == null) {
            throw new IllegalStateException("step " + step + " is not prepared");
        }
        return share.leaves;
    }

    @Override
    public void release(long step) {
        NavigableMap<Long, Share> old = ready.headMap(step, true);
        old.values().forEach(Share::close);
        old.clear();
    }

    @Override
    public void clear() {
        ready.values().forEach(Share::close);
        ready.clear();
        closeBatches();
    }

    private void closeBatches() {
        if (batches != null) {
            batches.close();
            batches = null;
        }
    }

    /** This member's share of one step, on the device. */
    private final class Share implements AutoCloseable {
        private final long step;
        private final NDManager scope = sources.torch.scope();
        private final List<Batch> lent = new ArrayList<>();
        private final List<Leaf> leaves = new ArrayList<>();

        Share(long step) {
            this.step = step;
        }

        /** Adds a micro-batch: a leaf for each backward pass. */
        void add(int microBatch, Batch batch) {
            lent.add(batch);
            NDArray[] images = new NDArray[views.views().size()];
            for (int i = 0; i < images.length; i++) {
                images[i] = images(batch, views.views().get(i));
            }
            clock.charge(Part.DATA);
            int leaf = microBatch * passes();
            for (Pass pass : views.passes()) {
                Optional<NDArray[]> targets = sources.targets.size() == 0
                        ? Optional.empty()
                        : Optional.of(targets(microBatch, batch, images, pass));
                NDArray taught = images[pass.teachers().get(0)];
                leaves.add(new Leaf(this, leaf++, images[pass.student()], taught, targets));
            }
        }

        /** Null for a view that was not asked for. */
        private NDArray images(Batch batch, View wanted) {
            int made = batch.request().views().indexOf(wanted);
            return made < 0
                    ? null
                    : sources.torch.transfers().images(scope, batch.views(made), batch.size(), batch.viewSize(made));
        }

        /**
         * The frozen teachers' features, one teacher after the other: their activations never lie
         * in memory together.
         */
        private NDArray[] targets(int microBatch, Batch batch, NDArray[] images, Pass pass) {
            NDArray[] all = new NDArray[sources.targets.size()];
            for (int i = 0; i < all.length; i++) {
                Optional<NDArray> kept = sources.targets.kept(i, scope, batch.request());
                kept.ifPresent(read -> clock.charge(Part.TEACHER));
                all[i] = kept.isPresent() ? kept.get() : made(i, microBatch, batch, images, pass);
            }
            return all;
        }

        /** By a helper if it is worth the waiting, else here. */
        private NDArray made(int teacher, int microBatch, Batch batch, NDArray[] images, Pass pass) {
            long patience = (long) (PATIENCE * clock.computing(teacher));
            Optional<float[]> given = sources.inbox.flatMap(from -> from.take(step, microBatch, teacher, patience));
            if (given.isPresent()) {
                NDArray features = sources.targets.given(teacher, scope, batch.request(), given.get());
                clock.chargeGiven();
                return features;
            }
            clock.charge(Part.HELP);
            NDArray view = images[pass.teachers().get(teacher)];
            NDArray features = sources.targets.compute(teacher, pass, scope, batch.request(), view);
            clock.chargeComputed(teacher);
            return features;
        }

        /** The momentum teacher's target. */
        NDArray[] projection(TrainableStudent student, NDArray taught) {
            NDArray[] projection = {student.project(scope, taught)};
            clock.charge(Part.TEACHER);
            return projection;
        }

        long draws(int leaf) {
            return CounterRandom.of(sources.seed, CounterRandom.LAYERS, step, leaf)
                    .nextLong();
        }

        @Override
        public void close() {
            // The arrays on the CPU lie in the batches' buffers, which go back to their pool.
            scope.close();
            lent.forEach(Batch::close);
        }
    }

    /**
     * One backward pass of a micro-batch.
     *
     * @param share of the step that it belongs to
     * @param taught images that a momentum teacher sees
     * @param made targets of frozen teachers; empty with a momentum teacher
     */
    private record Leaf(Share share, int leaf, NDArray images, NDArray taught, Optional<NDArray[]> made)
            implements MicroBatch {
        @Override
        public NDArray[] targets(TrainableStudent student) {
            return made.orElseGet(() -> share.projection(student, taught));
        }

        @Override
        public long draws() {
            return share.draws(leaf);
        }
    }
}
