package org.simreg.worker.distill;

import org.simreg.proto.Job;
import org.simreg.proto.UserError;
import org.simreg.worker.data.SampleOrder;

/**
 * Which samples each step sees: a pure function of the job and the number of images. Steps count
 * from 0 here, epochs from 0.
 *
 * @param order sample order of an epoch
 * @param batch images of a step
 * @param microBatches parts of a batch
 * @param stepsPerEpoch whole batches in the data set
 * @param steps of the job
 */
record Plan(SampleOrder order, int batch, int microBatches, long stepsPerEpoch, long steps) {
    /**
     * @param images in the train part
     * @throws UserError if they don't fill one batch
     */
    static Plan of(Job job, int images) {
        int batch = job.getOptimization().getBatch();
        long stepsPerEpoch = images / batch;
        if (stepsPerEpoch == 0) {
            throw new UserError(
                    "optimization.batch is "
                            + batch
                            + " but "
                            + job.getDataset().getPath()
                            + " has only "
                            + images
                            + " train images; choose a batch of at most "
                            + images);
        }
        long all = stepsPerEpoch * job.getOptimization().getEpochs();
        long limit = job.getOptimization().getMaxSteps();
        return new Plan(
                new SampleOrder(job.getSeed(), images),
                batch,
                job.getOptimization().getMicroBatches(),
                stepsPerEpoch,
                limit > 0 ? Math.min(limit, all) : all);
    }

    int epoch(long step) {
        return Math.toIntExact(step / stepsPerEpoch);
    }

    /** Whether the step is the last of its epoch, or of the job. */
    boolean endsEpoch(long step) {
        return (step + 1) % stepsPerEpoch == 0 || step + 1 == steps;
    }
}
