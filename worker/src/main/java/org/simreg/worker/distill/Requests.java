package org.simreg.worker.distill;

import java.util.Arrays;
import java.util.Iterator;
import java.util.NoSuchElementException;
import org.simreg.worker.data.BatchRequest;

/**
 * The images that a plan asks for, micro-batch by micro-batch. The order of an epoch is drawn once.
 */
final class Requests implements Iterator<BatchRequest> {
    private final Plan plan;
    private final Asking asking;
    private final int first;
    private final int end;
    private long step;
    private int part;
    private int epoch = -1;
    private int[] order;

    /** What is asked for, by epoch and samples; called on the loader's threads. */
    interface Asking {
        BatchRequest request(int epoch, int[] ids);
    }

    /**
     * @param from first step, from 0
     * @param first first micro-batch of each step
     * @param count micro-batches of each step
     */
    Requests(Plan plan, Asking asking, long from, int first, int count) {
        this.plan = plan;
        this.asking = asking;
        this.first = first;
        end = first + count;
        step = from;
        part = first;
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
        BatchRequest request = asking.request(epoch, Arrays.copyOfRange(order, from, from + size));
        part++;
        if (part == end) {
            part = first;
            step++;
        }
        return request;
    }
}
