package org.simreg.worker.distill;

import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.stream.IntStream;
import org.simreg.worker.data.BatchRequest;
import org.simreg.worker.data.View;

/**
 * The micro-batches of which not all features are there, in the order of the rows: view by view. A
 * view's last one is filled up with its first samples, because features round by the size.
 */
final class MissingRows implements Iterator<BatchRequest> {
    private final ViewPlan plan;
    private final List<TeacherFeatures> features;
    private final int samples;
    private final int size;
    private final long end;
    private long unit;
    private BatchRequest next;

    /**
     * @param features one a teacher
     * @param samples in the data set
     * @param size of a micro-batch
     */
    MissingRows(ViewPlan plan, List<TeacherFeatures> features, int samples, int size, Range range) {
        this.plan = plan;
        this.features = features;
        this.samples = samples;
        this.size = size;
        unit = range.from();
        end = range.to();
    }

    /**
     * Micro-batches by their place among all.
     *
     * @param from first
     * @param to behind the last
     */
    record Range(long from, long to) {}

    /** Micro-batches of one view. */
    static int units(int samples, int size) {
        return (samples + size - 1) / size;
    }

    /** Images in the micro-batches before this place, each counted in each view. */
    static long images(long unit, int samples, int size) {
        int each = units(samples, size);
        return unit / each * samples + unit % each * size;
    }

    @Override
    public boolean hasNext() {
        while (next == null && unit < end) {
            next = missing(unit);
            unit++;
        }
        return next != null;
    }

    @Override
    public BatchRequest next() {
        if (!hasNext()) {
            throw new NoSuchElementException("the part ends at micro-batch " + end);
        }
        BatchRequest found = next;
        next = null;
        return found;
    }

    /** Place of a micro-batch among all. */
    long unit(BatchRequest batch) {
        return (long) batch.epoch() * units(samples, size) + batch.ids()[0] / size;
    }

    /** Null if all is there. */
    private BatchRequest missing(long unit) {
        int view = Math.toIntExact(unit / units(samples, size));
        int from = (int) (unit % units(samples, size)) * size;
        int[] ids = IntStream.range(from, from + size).map(id -> id % samples).toArray();
        BatchRequest all = new BatchRequest(view, ids, plan.views());
        List<Integer> seen = plan.passes().get(0).teachers();
        List<View> needed =
                IntStream.range(0, features.size())
                        .filter(i -> !features.get(i).has(all))
                        .mapToObj(i -> plan.views().get(seen.get(i)))
                        .distinct()
                        .toList();
        return needed.isEmpty() ? null : new BatchRequest(view, ids, needed);
    }
}
