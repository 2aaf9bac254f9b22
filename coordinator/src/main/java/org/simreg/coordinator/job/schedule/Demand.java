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
     * @param some most of them if the last are workers that only help, with some teachers: where any pays, one a teacher
     */
    public record Helpers(int most, int asked, int some) {
        /** No helpers. */
        public static final Helpers NONE = new Helpers(0, 0);

        /** Of a job with one teacher. */
        public Helpers(int most, int asked) {
            this(most, asked, most);
        }

        /**
         * Of a job.
         *
         * @param paying helpers that make its steps shorter
         * @param teachers frozen ones
         */
        public static Helpers of(Placement placement, int paying, int teachers) {
            int some = paying == 0 ? 0 : Math.max(paying, teachers);
            if (!placement.hasMaxHelpers()) {
                return new Helpers(paying, 0, some);
            }
            int most = Math.min(paying, placement.getMaxHelpers());
            return new Helpers(most, most, Math.min(some, placement.getMaxHelpers()));
        }

        /** Where so many that only help are there: for those nobody is to be started. */
        Helpers with(int there) {
            return new Helpers(most, Math.max(0, asked - there), some);
        }
    }

    /** The same where so many of its helpers are workers that only help. */
    public Demand with(int helpersOnly) {
        return new Demand(job, rank, least, most, helpers.with(helpersOnly), requirements);
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
     * @param helpsOnly whether it can't be a member
     */
    public record AvailableWorker(String name, String profile, String job, boolean helps, boolean helpsOnly) {
        /** A worker that can be a member, and doesn't help. */
        public AvailableWorker(String name, String profile, String job) {
            this(name, profile, job, false);
        }

        /** A worker that can be a member. */
        public AvailableWorker(String name, String profile, String job, boolean helps) {
            this(name, profile, job, helps, false);
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
