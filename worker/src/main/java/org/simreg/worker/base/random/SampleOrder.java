package org.simreg.worker.base.random;

/**
 * The order in which an epoch reads the samples: a pure function of seed and epoch, every sample
 * exactly once.
 */
public final class SampleOrder {
    private final long seed;
    private final int samples;

    /**
     * @param seed the job's seed
     * @param samples how many samples the data set has
     * @throws IllegalArgumentException if there are none
     */
    public SampleOrder(long seed, int samples) {
        if (samples <= 0) {
            throw new IllegalArgumentException("an order needs at least one sample, not " + samples);
        }
        this.seed = seed;
        this.samples = samples;
    }

    /**
     * The ids 0 .. samples-1 in the order of that epoch, a new array: the caller cuts it into
     * batches.
     */
    public int[] epoch(int epoch) {
        return CounterRandom.of(seed, CounterRandom.ORDER, epoch).permutation(samples);
    }
}
