package org.simreg.worker.exchange.ahead;

import java.util.List;
import org.simreg.proto.NumericProfile;

/**
 * The shape of a job's features, and what they have to be computed by: equal on all workers of a job.
 *
 * @param rows images of a micro-batch, N
 * @param widths D of each frozen teacher, in the job's order; 0 of those that a helper doesn't hold
 * @param profile numeric profile of this worker
 * @param exact whether features of another profile are refused
 */
public record FeatureShape(int rows, List<Integer> widths, String profile, boolean exact) {
    public FeatureShape {
        widths = List.copyOf(widths);
    }

    /** Frozen teachers. */
    int teachers() {
        return widths.size();
    }

    /** Floats of one teacher's features of a micro-batch. */
    int length(int teacher) {
        return Math.multiplyExact(rows, widths.get(teacher));
    }

    /** Steps that may wait at a member with so many micro-batches. */
    int window(int microBatches) {
        long step = widths.stream().mapToLong(width -> (long) width).sum() * rows * microBatches * Float.BYTES;
        return HelpPlan.window(step);
    }

    boolean takes(String other) {
        return !exact || NumericProfile.same(profile, other);
    }
}
