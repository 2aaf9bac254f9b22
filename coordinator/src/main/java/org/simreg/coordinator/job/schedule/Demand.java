package org.simreg.coordinator.job.schedule;

import java.util.Comparator;
import java.util.Set;
import org.simreg.proto.NumericProfile;
import org.simreg.proto.Placement;

/**
 * One job's demand for workers.
 *
 * @param job its id
 * @param rank effective priority and time of submission
 * @param least workers it can't do without, at least 1
 * @param most workers it can use, at least {@code least} where that is possible
 * @param helpers workers that can help those
 * @param requirements which workers will do
 */
public record Demand(String job, Rank rank, int least, int most, Helpers helpers, Requirements requirements) {
    /** The order of the queue. */
    public static final Comparator<Demand> ORDER = Comparator.comparing(
                    (Demand demand) -> -demand.rank().priority())
            .thenComparing(demand -> demand.rank().submitted())
            .thenComparing(Demand::job);

    private static final long AGING_MS = 600_000;

    /** Of a job that nobody can help. */
    public Demand(String job, Rank rank, int least, int most, Requirements requirements) {
        this(job, rank, least, most, Helpers.NONE, requirements);
    }

    /**
     * The helpers that a job can use, of workers that no job needs.
     *
     * @param most that pay and are allowed
     * @param asked of them, for how many workers are to be started
     */
    public record Helpers(int most, int asked) {
        /** No helpers. */
        public static final Helpers NONE = new Helpers(0, 0);

        /**
         * Of a job.
         *
         * @param paying helpers that make its steps shorter
         */
        public static Helpers of(Placement placement, int paying) {
            if (!placement.hasMaxHelpers()) {
                return new Helpers(paying, 0);
            }
            int most = Math.min(paying, placement.getMaxHelpers());
            return new Helpers(most, most);
        }
    }

    /**
     * A place in the queue.
     *
     * @param priority effective: higher goes first
     * @param submitted earlier goes first among equals
     */
    public record Rank(long priority, long submitted) {}

    /**
     * The requirements that a worker must meet to serve a job.
     *
     * @param profile numeric profile they must have; empty: any
     * @param uniform whether they must have one and the same, though which is not decided yet
     * @param excluded names of workers that can't serve it
     */
    public record Requirements(String profile, boolean uniform, Set<String> excluded) {
        public Requirements {
            excluded = Set.copyOf(excluded);
        }

        boolean takes(AvailableWorker worker) {
            return (profile.isEmpty() || NumericProfile.same(profile, worker.profile()))
                    && !excluded.contains(worker.name());
        }

        Requirements of(String decided) {
            return new Requirements(decided, false, excluded);
        }
    }

    /**
     * A worker that attends and doesn't leave.
     *
     * @param job what it is at now; empty: nothing
     * @param helps whether it holds no state of that job's student: it helps, or has only loaded the job
     */
    public record AvailableWorker(String name, String profile, String job, boolean helps) {
        /** A worker that doesn't help. */
        public AvailableWorker(String name, String profile, String job) {
            this(name, profile, job, false);
        }
    }

    /**
     * The priority that waiting raises, by 1 for every ten minutes, so that nobody starves. What a
     * job has gained it keeps while it trains; otherwise it would be put down as soon as it began.
     */
    public static long effective(int priority, long waitedMs) {
        return priority + waitedMs / AGING_MS;
    }

    /** The most workers that a placement and a number of micro-batches allow. */
    public static int most(Placement placement, int microBatches) {
        int most = placement.getMaxWorkers();
        return most == 0 ? microBatches : Math.min(most, microBatches);
    }
}
