package org.simreg.worker.distill;

import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.simreg.worker.data.BatchRequest;
import org.simreg.worker.data.ViewRecipe;

/**
 * The images that a plan asks for, micro-batch by micro-batch. The order of an epoch is drawn once.
 */
final class Requests implements Iterator<BatchRequest> {
    private final Plan plan;
    private final List<ViewRecipe> recipes;
    private long step;
    private int part;
    private int epoch = -1;
    private int[] order;

    /**
     * @param from first step, from 0
     */
    Requests(Plan plan, List<ViewRecipe> recipes, long from) {
        this.plan = plan;
        this.recipes = recipes;
        step = from;
    }

    @Override
    public boolean hasNext() {
        return step < plan.steps();
    }

    @Override
    public BatchRequest next() {
        if (!hasNext()) {
            throw new NoSuchElementException("the plan ends at step " + plan.steps());
        }
        if (plan.epoch(step) != epoch) {
            epoch = plan.epoch(step);
            order = plan.order().epoch(epoch);
        }
        int size = plan.batch() / plan.microBatches();
        int from = Math.toIntExact(step % plan.stepsPerEpoch()) * plan.batch() + part * size;
        BatchRequest request =
                new BatchRequest(epoch, Arrays.copyOfRange(order, from, from + size), recipes);
        part = (part + 1) % plan.microBatches();
        step += part == 0 ? 1 : 0;
        return request;
    }
}
