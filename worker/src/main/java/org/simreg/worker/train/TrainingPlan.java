package org.simreg.worker.train;

import java.util.Arrays;
import java.util.Comparator;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.simreg.proto.DataSource;
import org.simreg.proto.Job;
import org.simreg.proto.UserError;
import org.simreg.worker.base.random.SampleOrder;
import org.simreg.worker.data.loader.BatchLoader;

/**
 * The plan of a job's samples: which ones each step sees, a pure function of the job and the number
 * of images. Steps and epochs count from 0.
 *
 * @param order sample order of an epoch
 * @param batch images of a step
 * @param microBatches parts of a batch
 * @param stepsPerEpoch whole batches in the data set
 * @param steps of the job
 */
public record TrainingPlan(SampleOrder order, int batch, int microBatches, long stepsPerEpoch, long steps) {
    /** A maker of the request for a micro-batch; called on the loader's threads. */
    interface RequestMaker {
        BatchLoader.Request request(int epoch, int[] ids);
    }

    /**
     * The plan of a job.
     *
     * @param images in the train part
     * @throws UserError if they don't fill one batch, or the warm-up takes all steps
     */
    public static TrainingPlan of(Job job, int images) {
        int batch = job.getOptimization().getBatch();
        long stepsPerEpoch = images / batch;
        if (stepsPerEpoch == 0) {
            throw new UserError("optimization.batch is "
                    + batch
                    + " but "
                    + DataSource.shown(job.getDataset())
                    + " has only "
                    + images
                    + " train images; choose a batch of at most "
                    + images);
        }
        long all = stepsPerEpoch * job.getOptimization().getEpochs();
        long warmUp = job.getOptimization().getWarmupSteps();
        if (warmUp > 0 && warmUp >= all) {
            throw new UserError("optimization.warmup_steps is %d but the job has only %d steps; choose less than %d"
                    .formatted(warmUp, all, all));
        }
        long limit = job.getOptimization().getMaxSteps();
        return new TrainingPlan(
                new SampleOrder(job.getSeed(), images),
                batch,
                job.getOptimization().getMicroBatches(),
                stepsPerEpoch,
                limit > 0 ? Math.min(limit, all) : all);
    }

    /** The epoch that a step belongs to, from 0. */
    int epoch(long step) {
        return Math.toIntExact(step / stepsPerEpoch);
    }

    /** Whether the step is the last of its epoch, or of the job. */
    boolean endsEpoch(long step) {
        return (step + 1) % stepsPerEpoch == 0 || step + 1 == steps;
    }

    /**
     * A micro-batch of a step; they follow each other step by step.
     *
     * @param part number of the micro-batch in the step, from 0
     */
    record Place(long step, int part) implements Comparable<Place> {
        private static final Comparator<Place> ORDER =
                Comparator.comparingLong(Place::step).thenComparingInt(Place::part);

        @Override
        public int compareTo(Place other) {
            return ORDER.compare(this, other);
        }
    }

    /**
     * The requests for the micro-batches [first, first + count) of each step, step after step to
     * the end. The order of an epoch is drawn once.
     *
     * @param from first step
     */
    Iterator<BatchLoader.Request> requests(RequestMaker maker, long from, int first, int count) {
        return requests(maker, places(from, first, count, Set.of()));
    }

    /** The requests for some micro-batches, in their order. */
    Iterator<BatchLoader.Request> requests(RequestMaker maker, Iterator<Place> places) {
        return new Requests(maker, places);
    }

    /**
     * The micro-batches [first, first + count) of each step, step after step to the end.
     *
     * @param from first step
     * @param without those that are left out
     */
    Iterator<Place> places(long from, int first, int count, Set<Place> without) {
        return LongStream.range(from, steps)
                .boxed()
                .flatMap(step -> IntStream.range(first, first + count).mapToObj(part -> new Place(step, part)))
                .filter(place -> !without.contains(place))
                .iterator();
    }

    /** The samples of each micro-batch, for one thread at a time. */
    Samples samples() {
        return new Samples();
    }

    /** The samples of micro-batches; the order of an epoch is drawn once where the steps follow each other. */
    final class Samples {
        private int epoch = -1;
        private int[] ids;

        /** The ids of a micro-batch, in order. */
        int[] of(long step, int part) {
            if (epoch(step) != epoch) {
                epoch = epoch(step);
                ids = order.epoch(epoch);
            }
            int size = batch / microBatches;
            int from = Math.toIntExact(step % stepsPerEpoch) * batch + part * size;
            return Arrays.copyOfRange(ids, from, from + size);
        }
    }

    /** The requests of some micro-batches. */
    private final class Requests implements Iterator<BatchLoader.Request> {
        private final RequestMaker maker;
        private final Iterator<Place> places;
        private final Samples samples = samples();

        Requests(RequestMaker maker, Iterator<Place> places) {
            this.maker = maker;
            this.places = places;
        }

        @Override
        public boolean hasNext() {
            return places.hasNext();
        }

        @Override
        public BatchLoader.Request next() {
            if (!hasNext()) {
                throw new NoSuchElementException("the plan ends at step " + steps);
            }
            Place place = places.next();
            return maker.request(epoch(place.step), samples.of(place.step, place.part));
        }
    }
}
