package org.simreg.coordinator.job;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.simreg.proto.JobRecord;
import org.simreg.proto.JobState;
import org.simreg.proto.UserError;

/** The durable store of the records of all jobs. One thread calls it. */
public interface JobStore extends AutoCloseable {
    /**
     * The newest record of every job, in any order; without those that {@link #past} has.
     *
     * @throws UserError if what was kept can't be read
     */
    Collection<JobRecord> load();

    /**
     * Keeps a record in place of the job's earlier one. It is durable when this returns.
     *
     * @param record its version is higher than that of the job's earlier record
     */
    void save(JobRecord record);

    /**
     * As {@link #save}, on another thread if the disk may be slow. Records are kept in the order in which they are given,
     * by this and by {@link #save}.
     *
     * @return done when it is durable; fails with what {@link #save} throws
     */
    default CompletionStage<Void> saveLater(JobRecord record) {
        try {
            save(record);
            return CompletableFuture.completedFuture(null);
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    /** The jobs that have ended, if they are kept apart; else {@link #load} gives them too. */
    default Optional<PastJobs> past() {
        return Optional.empty();
    }

    @Override
    void close();

    /**
     * The jobs that have ended, where a store keeps them apart from the others: found one by one or
     * page by page, never all in memory.
     */
    interface PastJobs {
        /**
         * The record of a job that has ended and was not resumed; empty if there is none.
         *
         * @throws UserError if it can't be read
         */
        Optional<JobRecord> find(String id);

        /** The record of the ended job that a request made; empty if there is none. */
        Optional<JobRecord> requested(String requestId);

        /**
         * A part of the list of ended jobs, newest first.
         *
         * @param before place in that order after which the part begins
         * @param states those wanted; none: all
         * @param most records at most
         */
        List<JobRecord> newest(Place before, Set<JobState> states, int most);

        /** The newest job in a run folder, if it is one of the last ten thousand. */
        default Optional<JobRecord> lastIn(String folder) {
            Optional<JobRecord> last = Optional.empty();
            Place place = Place.FIRST;
            for (int page = 0; page < 20 && last.isEmpty(); page++) {
                List<JobRecord> records = newest(place, Set.of(), 500);
                last = records.stream()
                        .filter(record -> record.getFolder().equals(folder))
                        .findFirst();
                if (records.size() < 500) {
                    break;
                }
                place = Place.of(records.get(records.size() - 1));
            }
            return last;
        }

        /** How many have ended how; states that no job is in are left out. */
        Map<JobState, Long> states();

        /** When the newest of all was submitted; 0 if there is none. */
        long newestMs();

        /**
         * A place in the list of jobs, newest first; those of one millisecond are in the order of their
         * ids.
         *
         * @param submittedMs of the job there
         * @param id of the job there
         */
        record Place(long submittedMs, String id) implements Comparable<Place> {
            /** The place before all jobs. */
            public static final Place FIRST = new Place(Long.MAX_VALUE, "");

            public static Place of(JobRecord record) {
                return new Place(record.getSubmittedMs(), record.getId());
            }

            @Override
            public int compareTo(Place other) {
                int newer = Long.compare(other.submittedMs, submittedMs);
                return newer != 0 ? newer : id.compareTo(other.id);
            }
        }
    }
}
