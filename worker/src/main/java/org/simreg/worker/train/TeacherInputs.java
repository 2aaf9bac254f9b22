package org.simreg.worker.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.simreg.worker.base.random.CounterRandom;
import org.simreg.worker.data.loader.Batch;
import org.simreg.worker.data.loader.BatchLoader;
import org.simreg.worker.data.loader.BatchStream;
import org.simreg.worker.data.view.View;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.engine.torchscript.TrainableStudent;
import org.simreg.worker.exchange.ahead.FeatureInbox;
import org.simreg.worker.train.TrainingPlan.Place;
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
    private final NavigableMap<Place, Part> ready = new TreeMap<>();

    /** Views that were decoded ahead for the share of before and are of use for this one too. */
    private final NavigableMap<Place, Batch> decoded = new TreeMap<>();

    private int first;
    private int count;
    private Coming coming;

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

    /** What is made already for micro-batches that stay is kept: views and features don't depend on who uses them. */
    @Override
    public void share(int first, int count) {
        if (first != this.first || count != this.count) {
            this.first = first;
            this.count = count;
            keepComing();
            drop(this::isElsewhere);
        }
        clock.restart();
    }

    private boolean isElsewhere(Place place) {
        return place.part() < first || place.part() >= first + count;
    }

    @Override
    public void prepare(long step) {
        if (step >= plan.steps() || isReady(step)) {
            return;
        }
        sources.inbox.ifPresent(from -> from.at(step));
        for (int part = first; part < first + count; part++) {
            Place place = new Place(step, part);
            if (!ready.containsKey(place)) {
                ready.put(place, make(place));
            }
        }
    }

    private boolean isReady(long step) {
        return of(step, first, count).size() == count;
    }

    private NavigableMap<Place, Part> of(long step, int from, int parts) {
        return ready.subMap(new Place(step, from), true, new Place(step, from + parts), false);
    }

    private Part make(Place place) {
        Part part = new Part(place, batch(place));
        try {
            part.fill();
            return part;
        } catch (RuntimeException e) {
            part.close();
            throw e;
        }
    }

    /** The views of a micro-batch: kept, or the next that are decoded. */
    private Batch batch(Place place) {
        Batch kept = decoded.remove(place);
        if (kept != null) {
            return kept;
        }
        if (coming == null || !place.equals(coming.next)) {
            keepComing();
            // What was coming may have been made meanwhile; those that come now leave it out.
            Batch made = decoded.remove(place);
            if (made != null) {
                return made;
            }
            coming = new Coming(place.step());
        }
        if (!place.equals(coming.next)) {
            throw new IllegalStateException("%s comes in place of %s".formatted(coming.next, place));
        }
        return coming.take();
    }

    @Override
    public List<? extends MicroBatch> of(long step) {
        if (!isReady(step)) {
            throw new IllegalStateException("step " + step + " is not prepared");
        }
        return of(step, first, count).values().stream()
                .flatMap(part -> part.leaves.stream())
                .toList();
    }

    @Override
    public void release(long step) {
        drop(place -> place.step() <= step);
    }

    @Override
    public void clear() {
        keepComing();
        drop(place -> true);
    }

    /** Ends the decoding ahead, and keeps what it has made. */
    private void keepComing() {
        if (coming != null) {
            coming.keep();
            coming = null;
        }
    }

    private void drop(Predicate<Place> which) {
        ready.entrySet().removeIf(entry -> drops(which, entry.getKey(), entry.getValue()::close));
        decoded.entrySet().removeIf(entry -> drops(which, entry.getKey(), entry.getValue()::close));
    }

    private static boolean drops(Predicate<Place> which, Place place, Runnable close) {
        boolean drops = which.test(place);
        if (drops) {
            close.run();
        }
        return drops;
    }

    /** The views that are being decoded ahead: all from a step on that are not made yet. */
    private final class Coming {
        private final Iterator<Place> places;
        private final BatchStream batches;
        private Place next;

        Coming(long step) {
            Set<Place> made = new HashSet<>(ready.keySet());
            made.addAll(decoded.keySet());
            places = plan.places(step, first, count, made);
            // A sequence of its own: decode threads walk along it.
            batches = sources.loader.batches(
                    plan.requests(sources.targets::request, plan.places(step, first, count, made)));
            advance();
        }

        private void advance() {
            next = places.hasNext() ? places.next() : null;
        }

        /** The views of the next micro-batch. */
        Batch take() {
            Batch batch = batches.next();
            advance();
            return batch;
        }

        void keep() {
            for (Batch made : batches.end()) {
                decoded.put(next, made);
                advance();
            }
            // Generations that end without a step must not add up.
            while (decoded.size() > sources.loader.depth()) {
                decoded.pollLastEntry().getValue().close();
            }
        }
    }

    /** One micro-batch of a step, on the device. */
    private final class Part implements AutoCloseable {
        private final Place place;
        private final NDManager scope = sources.torch.scope();
        private final Batch batch;
        private final List<Leaf> leaves = new ArrayList<>();

        /** Takes the batch over. */
        Part(Place place, Batch batch) {
            this.place = place;
            this.batch = batch;
        }

        /** Adds a leaf for each backward pass. */
        void fill() {
            NDArray[] images = new NDArray[views.views().size()];
            for (int i = 0; i < images.length; i++) {
                images[i] = images(views.views().get(i));
            }
            clock.charge(StepClock.Part.DATA);
            int leaf = place.part() * passes();
            for (Pass pass : views.passes()) {
                Optional<NDArray[]> targets =
                        sources.targets.size() == 0 ? Optional.empty() : Optional.of(targets(images, pass));
                NDArray taught = images[pass.teachers().get(0)];
                leaves.add(new Leaf(this, leaf++, images[pass.student()], taught, targets));
            }
        }

        /** Null for a view that was not asked for. */
        private NDArray images(View wanted) {
            int made = batch.request().views().indexOf(wanted);
            return made < 0
                    ? null
                    : sources.torch.transfers().images(scope, batch.views(made), batch.size(), batch.viewSize(made));
        }

        /**
         * The frozen teachers' features, one teacher after the other: their activations never lie
         * in memory together.
         */
        private NDArray[] targets(NDArray[] images, Pass pass) {
            NDArray[] all = new NDArray[sources.targets.size()];
            for (int i = 0; i < all.length; i++) {
                Optional<NDArray> kept = sources.targets.kept(i, scope, batch.request());
                kept.ifPresent(read -> clock.charge(StepClock.Part.TEACHER));
                all[i] = kept.isPresent() ? kept.get() : made(i, images, pass);
            }
            return all;
        }

        /** By a helper if it is worth the waiting, else here. */
        private NDArray made(int teacher, NDArray[] images, Pass pass) {
            long patience = (long) (PATIENCE * clock.computing(teacher));
            Optional<float[]> given =
                    sources.inbox.flatMap(from -> from.take(place.step(), place.part(), teacher, patience));
            if (given.isPresent()) {
                NDArray features = sources.targets.given(teacher, scope, batch.request(), given.get());
                clock.chargeGiven();
                return features;
            }
            clock.charge(StepClock.Part.HELP);
            NDArray view = images[pass.teachers().get(teacher)];
            NDArray features = sources.targets.compute(teacher, pass, scope, batch.request(), view);
            clock.chargeComputed(teacher);
            return features;
        }

        /** The momentum teacher's target. */
        NDArray[] projection(TrainableStudent student, NDArray taught) {
            NDArray[] projection = {student.project(scope, taught)};
            clock.charge(StepClock.Part.TEACHER);
            return projection;
        }

        long draws(int leaf) {
            return CounterRandom.of(sources.seed, CounterRandom.LAYERS, place.step(), leaf)
                    .nextLong();
        }

        @Override
        public void close() {
            // The arrays on the CPU lie in the batch's buffers, which go back to their pool.
            scope.close();
            batch.close();
        }
    }

    /**
     * One backward pass of a micro-batch.
     *
     * @param micro micro-batch that it belongs to
     * @param taught images that a momentum teacher sees
     * @param made targets of frozen teachers; empty with a momentum teacher
     */
    private record Leaf(Part micro, int leaf, NDArray images, NDArray taught, Optional<NDArray[]> made)
            implements MicroBatch {
        @Override
        public NDArray[] targets(TrainableStudent student) {
            return made.orElseGet(() -> micro.projection(student, taught));
        }

        @Override
        public long draws() {
            return micro.draws(leaf);
        }
    }
}
