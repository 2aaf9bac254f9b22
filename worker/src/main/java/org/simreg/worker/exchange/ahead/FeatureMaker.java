package org.simreg.worker.exchange.ahead;

import java.util.Iterator;

/** A maker of teachers' features of a job's micro-batches; one thread uses it. */
public interface FeatureMaker {
    /** The shape of what it makes. */
    FeatureShape shape();

    /** Steps of the job. */
    long steps();

    /**
     * Begins to make items.
     *
     * @param items also read ahead, from other threads
     */
    Sequence sequence(Iterator<HelpPlan.Item> items);

    /** Items, one after the other. */
    interface Sequence extends AutoCloseable {
        /** Waits until the next can be computed; false behind the last. */
        boolean hasNext();

        /** Computes the next: (N, D), row by row. */
        float[] next();

        /** Goes on to the one after the next. */
        void skip();

        @Override
        void close();
    }
}
