package org.simreg.worker.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.Iterator;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.simreg.worker.data.loader.Batch;
import org.simreg.worker.data.loader.BatchLoader;
import org.simreg.worker.data.loader.BatchStream;
import org.simreg.worker.exchange.ahead.FeatureMaker;
import org.simreg.worker.exchange.ahead.FeatureShape;
import org.simreg.worker.exchange.ahead.HelpPlan;
import org.simreg.worker.train.TeacherInputs.Sources;
import org.simreg.worker.train.teacher.HeldTeachers;
import org.simreg.worker.train.teacher.ViewPlan.Pass;

/**
 * The maker of the frozen teachers' features of any step's micro-batches, for members that need them later. The views
 * are those that a member would show its teachers, and so are the features, to the bit.
 */
final class TeacherMaker implements FeatureMaker {
    private final TrainingPlan plan;
    private final Pass pass;
    private final Sources sources;
    private final FeatureShape shape;
    private final HeldTeachers held;

    /**
     * @param pass the one in which the teachers that are held are asked
     * @param sources of those teachers
     * @param shape of all
     */
    TeacherMaker(TrainingPlan plan, Pass pass, Sources sources, FeatureShape shape, HeldTeachers held) {
        this.plan = plan;
        this.pass = pass;
        this.held = held;
        this.sources = sources;
        this.shape = shape;
    }

    @Override
    public FeatureShape shape() {
        return shape;
    }

    @Override
    public long steps() {
        return plan.steps();
    }

    @Override
    public Sequence sequence(Iterator<HelpPlan.Item> items) {
        return new Features(items);
    }

    /** Some items, whose views are decoded ahead. */
    private final class Features implements Sequence {
        private final Iterator<HelpPlan.Item> items;
        private final TrainingPlan.Samples samples = plan.samples();
        /** Their places among those that are held. */
        private final Queue<Integer> teachers = new ConcurrentLinkedQueue<>();

        private final BatchStream batches;

        Features(Iterator<HelpPlan.Item> items) {
            this.items = items;
            batches = sources.loader().batches(requests());
        }

        /** Called by decode threads, one at a time. */
        private Iterator<BatchLoader.Request> requests() {
            return new Iterator<>() {
                @Override
                public boolean hasNext() {
                    return items.hasNext();
                }

                @Override
                public BatchLoader.Request next() {
                    HelpPlan.Item item = items.next();
                    int teacher = held.place(item.teacher());
                    teachers.add(teacher);
                    int[] ids = samples.of(item.step(), item.microBatch());
                    return sources.targets().request(teacher, pass, plan.epoch(item.step()), ids);
                }
            };
        }

        @Override
        public boolean hasNext() {
            return batches.hasNext();
        }

        @Override
        public float[] next() {
            try (Batch batch = batches.next();
                    NDManager scope = sources.torch().scope()) {
                NDArray images =
                        sources.torch().transfers().images(scope, batch.views(0), batch.size(), batch.viewSize(0));
                return sources.targets()
                        .of(teachers.remove(), pass, scope, batch.request(), images)
                        .toFloatArray();
            }
        }

        @Override
        public void skip() {
            batches.next().close();
            teachers.remove();
        }

        @Override
        public void close() {
            batches.close();
        }
    }
}
