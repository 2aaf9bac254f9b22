package org.simreg.coordinator.view.observe;

import java.util.Collection;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import org.simreg.coordinator.job.JobStore;
import org.simreg.coordinator.job.JobStore.PastJobs;
import org.simreg.proto.JobRecord;

/** A job store around another one, which remembers whether the last record could be saved. */
public final class TrackedStore implements JobStore {
    private final JobStore store;
    private volatile Optional<String> trouble = Optional.empty();

    /**
     * @param store keeps the records; closed with this
     */
    public TrackedStore(JobStore store) {
        this.store = store;
    }

    /** Why the last record could not be kept; empty if it was. */
    public Optional<String> trouble() {
        return trouble;
    }

    @Override
    public Collection<JobRecord> load() {
        return store.load();
    }

    @Override
    public void save(JobRecord record) {
        try {
            store.save(record);
            trouble = Optional.empty();
        } catch (RuntimeException e) {
            trouble = Optional.of(String.valueOf(e.getMessage()));
            throw e;
        }
    }

    @Override
    public CompletionStage<Void> saveLater(JobRecord record) {
        return store.saveLater(record)
                .whenComplete((kept, failure) ->
                        trouble = Optional.ofNullable(failure).map(e -> String.valueOf(e.getMessage())));
    }

    @Override
    public Optional<PastJobs> past() {
        return store.past();
    }

    @Override
    public void close() {
        store.close();
    }
}
