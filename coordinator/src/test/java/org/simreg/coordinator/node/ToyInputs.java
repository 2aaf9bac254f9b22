package org.simreg.coordinator.node;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.simreg.coordinator.node.ToyJob.Point;
import org.simreg.worker.engine.torchscript.TrainableStudent;
import org.simreg.worker.train.StepInputs;
import org.simreg.worker.train.TrainingPlan;

/** Inputs of a toy job, whose images are the numbers of step and leaf; two passes a micro-batch. */
final class ToyInputs implements StepInputs {
    private static final int PASSES = 2;

    private final TrainingPlan plan;
    private final NDManager manager;
    private final ToyJob.Script script;
    private final NavigableMap<Long, NDManager> ready = new TreeMap<>();
    private int first;
    private int count;

    ToyInputs(TrainingPlan plan, NDManager manager, ToyJob.Script script) {
        this.plan = plan;
        this.manager = manager;
        this.script = script;
        count = plan.microBatches();
    }

    @Override
    public int passes() {
        return PASSES;
    }

    @Override
    public void share(int first, int count) {
        this.first = first;
        this.count = count;
    }

    @Override
    public void prepare(long step) {
        script.at(Point.PREPARE, step);
        if (step < plan.steps()) {
            ready.computeIfAbsent(step, next -> manager.newSubManager());
        }
    }

    @Override
    public List<? extends MicroBatch> of(long step) {
        script.at(Point.BACKWARD, step);
        NDManager scope = ready.get(step);
        return IntStream.range(first * PASSES, (first + count) * PASSES)
                .mapToObj(leaf -> new Leaf(step, leaf, scope, script))
                .toList();
    }

    @Override
    public void release(long step) {
        NavigableMap<Long, NDManager> old = ready.headMap(step, true);
        old.values().forEach(NDManager::close);
        old.clear();
    }

    @Override
    public void clear() {
        ready.values().forEach(NDManager::close);
        ready.clear();
    }

    private record Leaf(long step, int leaf, NDManager scope, ToyJob.Script script) implements MicroBatch {
        /** The leaf before, if there is one, has been offered. */
        @Override
        public NDArray images() {
            script.at(Point.OFFER, step);
            return scope.create(new long[] {step, leaf});
        }

        @Override
        public NDArray[] targets(TrainableStudent student) {
            return new NDArray[0];
        }

        @Override
        public long draws() {
            return 0;
        }
    }
}
