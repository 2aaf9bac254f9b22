package org.simreg.coordinator.store;

import java.nio.file.Path;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.simreg.coordinator.job.JobStore;
import org.simreg.proto.JobRecord;
import org.simreg.proto.UserError;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The store of the jobs in the coordinator's home. A journal makes their records durable; they are
 * published too, where there is a place for that, so that they outlive the loss of the home's disk.
 * The home is locked while this is open.
 */
public final class JournaledJobs implements JobStore {
    static final String JOURNAL = "jobs.journal";

    private static final Logger LOG = LoggerFactory.getLogger(JournaledJobs.class);

    private final FolderLock lock;
    private final Journal journal;
    private final Optional<PublishedJobs> published;

    private JournaledJobs(FolderLock lock, Journal journal, Optional<PublishedJobs> published) {
        this.lock = lock;
        this.journal = journal;
        this.published = published;
    }

    /**
     * Opens the coordinator's home, which is made if it is absent.
     *
     * @param published where records are published; empty in a process of its own
     * @throws UserError if another process has it open, or its journal is damaged or can't be used
     */
    public static JournaledJobs open(Path home, Optional<PublishedJobs> published) {
        FolderLock lock = FolderLock.take(home, "coordinator's home");
        try {
            return new JournaledJobs(lock, Journal.open(home.resolve(JOURNAL)), published);
        } catch (RuntimeException e) {
            lock.close();
            throw e;
        }
    }

    /**
     * {@inheritDoc}
     *
     * <p>Of a job's records in the journal and among the published the one with the higher version
     * holds, and the other place gets it too. May wait for what is published; without it the
     * journal holds.
     */
    @Override
    public Collection<JobRecord> load() {
        Map<String, JobRecord> elsewhere = new HashMap<>();
        published.ifPresent(jobs -> jobs.load().forEach(job -> elsewhere.put(job.getId(), job)));
        Map<String, JobRecord> here = new HashMap<>();
        journal.records().forEach(job -> here.put(job.getId(), job));
        for (JobRecord job : elsewhere.values()) {
            JobRecord known = here.get(job.getId());
            if (known == null || job.getVersion() > known.getVersion() && follows(job, known)) {
                journal.append(job);
            }
        }
        for (JobRecord job : journal.records()) {
            if (!job.equals(elsewhere.get(job.getId()))) {
                publish(job);
            }
        }
        return journal.records();
    }

    private static boolean follows(JobRecord later, JobRecord known) {
        boolean follows = PublishedCheck.follows(later, known);
        if (!follows) {
            LOG.warn(
                    "Version {} of the job {}, which others have published, has other settings than the journal's; the journal holds",
                    later.getVersion(),
                    later.getId());
        }
        return follows;
    }

    @Override
    public void save(JobRecord record) {
        journal.append(record);
        publish(record);
    }

    private void publish(JobRecord record) {
        published.ifPresent(jobs -> jobs.publish(record));
    }

    @Override
    public void close() {
        try {
            journal.close();
        } finally {
            lock.close();
        }
    }

    /**
     * The published records of jobs, for other processes to see and for a coordinator that has lost
     * its disk. Nothing depends on them: failures are logged.
     */
    public interface PublishedJobs {
        /** The records published; none if the place doesn't answer. Waits for the answer. */
        Collection<JobRecord> load();

        /** Publishes a record, unless a newer one is there; returns at once. */
        void publish(JobRecord record);
    }
}
