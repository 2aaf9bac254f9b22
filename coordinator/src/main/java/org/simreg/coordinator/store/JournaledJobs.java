package org.simreg.coordinator.store;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.simreg.coordinator.job.JobStore;
import org.simreg.coordinator.job.JobStore.PastJobs;
import org.simreg.proto.JobRecord;
import org.simreg.proto.UserError;
import org.simreg.worker.base.concurrent.SerialThread;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.base.io.OwnFolder;
import org.simreg.worker.base.io.PrivateFiles;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The store of the jobs in the coordinator's home. A journal makes their records durable; they are
 * published too, where there is a place for that, so that they outlive the loss of the home's disk.
 * The home is locked while this is open.
 */
public final class JournaledJobs implements JobStore {
    static final String JOURNAL = "jobs.journal";

    /** Folder of the archive of ended jobs. */
    static final String ENDED = "ended";

    private static final Logger LOG = LoggerFactory.getLogger(JournaledJobs.class);

    /** Ended jobs that stay published; all are in the archive. */
    private static final int PUBLISHED_ENDED = 1000;

    private final FolderLock lock;
    private final Journal journal;

    /** Empty where it can't be begun, as on a full disk: all jobs are in the journal then. */
    private final Optional<JobArchive> archive;

    private final Optional<PublishedJobs> published;
    private final Set<String> publishedEnded = new LinkedHashSet<>();

    /** Owns all of the above once the jobs are loaded, but for reading the archive. */
    private final SerialThread disk = new SerialThread("simreg-journal", JournaledJobs::failed);

    private final Queue<Saving> given = new ConcurrentLinkedQueue<>();

    /** A record to be kept. */
    private record Saving(JobRecord record, CompletableFuture<Void> done) {}

    private JournaledJobs(
            FolderLock lock, Journal journal, Optional<JobArchive> archive, Optional<PublishedJobs> published) {
        this.lock = lock;
        this.journal = journal;
        this.archive = archive;
        this.published = published;
    }

    private static void failed(Throwable e) {
        LOG.error("A record of a job is kept, but not published", e);
    }

    /**
     * Opens the coordinator's home, which is made if it is absent.
     *
     * @param published where records are published; empty in a process of its own
     * @throws UserError if another process has it open, or its journal is damaged or can't be used
     */
    public static JournaledJobs open(Path home, Optional<PublishedJobs> published) {
        return open(home, published, OwnFolder::open);
    }

    /**
     * As {@link #open(Path, Optional)}.
     *
     * @param past opener of the archive's file of records
     */
    static JournaledJobs open(Path home, Optional<PublishedJobs> published, RecordFile.Opener past) {
        Disk.write(home, () -> PrivateFiles.folder(home));
        FolderLock lock = FolderLock.take(home, "coordinator's home");
        try {
            Disk.write(home, () -> PrivateFiles.file(home.resolve(JOURNAL)));
            Journal journal = Journal.open(home.resolve(JOURNAL));
            try {
                if (lock.wasLeft()) {
                    journal.renew();
                }
                return new JournaledJobs(lock, journal, archive(home.resolve(ENDED), past), published);
            } catch (RuntimeException e) {
                journal.close();
                throw e;
            }
        } catch (RuntimeException e) {
            lock.close();
            throw e;
        }
    }

    private static Optional<JobArchive> archive(Path folder, RecordFile.Opener opener) {
        try {
            return Optional.of(JobArchive.open(folder, opener));
        } catch (UserError e) {
            if (Files.exists(folder.resolve(JobArchive.RECORDS))) {
                throw e;
            }
            LOG.warn("Jobs that have ended stay in the journal until the next start: {}", e.getMessage());
            return Optional.empty();
        }
    }

    /**
     * {@inheritDoc}
     *
     * <p>Of a job's records here and among the published the one with the higher version holds, and
     * the other place gets it too. Jobs that have ended go to the archive. May wait for what is
     * published; without it the journal holds.
     */
    @Override
    public Collection<JobRecord> load() {
        Map<String, JobRecord> elsewhere = new LinkedHashMap<>();
        published.ifPresent(jobs -> jobs.load().stream()
                .sorted(Comparator.comparingLong(JobRecord::getSubmittedMs))
                .forEach(job -> elsewhere.put(job.getId(), job)));
        tidy();
        Map<String, JobRecord> unkept = new LinkedHashMap<>();
        for (JobRecord job : elsewhere.values()) {
            long here = Math.max(journal.version(job.getId()), pastVersion(job.getId()));
            if (job.getVersion() > here) {
                if (here < 0 || follows(job)) {
                    keepFromElsewhere(job, unkept);
                }
            } else if (job.getVersion() < here && journal.version(job.getId()) < 0) {
                archive.flatMap(past -> past.find(job.getId())).ifPresent(this::publish);
            } else if (JobArchive.ended(job)) {
                bounded(job);
            }
        }
        Map<String, JobRecord> live = new LinkedHashMap<>();
        journal.records().forEach(job -> live.put(job.getId(), job));
        live.putAll(unkept);
        live.values().stream()
                .filter(job -> !job.equals(elsewhere.get(job.getId())))
                .forEach(this::publish);
        return live.values();
    }

    /** A disk that is full must not keep a coordinator from starting. */
    private void keepFromElsewhere(JobRecord job, Map<String, JobRecord> unkept) {
        try {
            keep(job);
        } catch (UserError e) {
            LOG.warn("The job {} is known from the cluster only: {}", job.getId(), e.getMessage());
            unkept.put(job.getId(), job);
        }
    }

    /**
     * Moves jobs that have ended from the journal to the archive: those of a journal from before
     * there was one, or of a time when it couldn't be written.
     */
    private void tidy() {
        try {
            archive.ifPresent(this::moveTo);
        } catch (UserError e) {
            LOG.warn("Jobs that have ended stay in the journal: {}", e.getMessage());
        }
        journal.compact();
    }

    private void moveTo(JobArchive past) {
        List<String> moved = new ArrayList<>();
        for (String id : journal.ids()) {
            JobRecord record = journal.record(id);
            long version = past.version(id);
            boolean newer = version < record.getVersion();
            if (version >= 0 && lock.wasLeft()) {
                past.rewrite(id);
            }
            boolean ended = JobArchive.ended(record);
            boolean there = past.find(id).isPresent();
            if (newer && (ended || there)) {
                past.add(record);
            }
            if (ended || there && !newer) {
                moved.add(id);
            }
        }
        past.sync();
        moved.forEach(journal::forget);
    }

    private long pastVersion(String id) {
        return archive.map(past -> past.version(id)).orElse(-1L);
    }

    /** Whether a later record can be of the job that is known here. */
    private boolean follows(JobRecord later) {
        Optional<JobRecord> known = journal.records().stream()
                .filter(job -> job.getId().equals(later.getId()))
                .findFirst()
                .or(() -> archive.flatMap(past -> past.find(later.getId())));
        boolean follows = known.map(one -> PublishedCheck.follows(later, one)).orElse(true);
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
        try {
            saveLater(record).toCompletableFuture().join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : e;
        }
    }

    /** Records that are given while the disk is at work are kept together by its next turn. */
    @Override
    public CompletionStage<Void> saveLater(JobRecord record) {
        Saving saving = new Saving(record, new CompletableFuture<>());
        given.add(saving);
        if (!disk.post(this::keepGiven)) {
            saving.done.completeExceptionally(new IllegalStateException("the store of the jobs is closed"));
        }
        return saving.done;
    }

    private void keepGiven() {
        List<Saving> together = new ArrayList<>();
        for (Saving saving = given.poll(); saving != null; saving = given.poll()) {
            if (!joins(saving.record, together)) {
                keep(together);
                together.clear();
            }
            together.add(saving);
        }
        keep(together);
    }

    /** One that ends, or that the archive must hear of, is kept by itself; so is another one of the same job. */
    private boolean joins(JobRecord record, List<Saving> others) {
        return others.isEmpty()
                || isPlain(record)
                        && isPlain(others.get(0).record)
                        && others.stream()
                                .noneMatch(other -> other.record.getId().equals(record.getId()));
    }

    private boolean isPlain(JobRecord record) {
        return !JobArchive.ended(record)
                && pastVersion(record.getId()) < 0
                && record.getVersion() > journal.version(record.getId());
    }

    private void keep(List<Saving> together) {
        try {
            if (together.size() == 1) {
                keep(together.get(0).record);
            } else if (!together.isEmpty()) {
                journal.append(together.stream().map(Saving::record).toList());
            }
        } catch (RuntimeException | Error e) {
            together.forEach(saving -> saving.done.completeExceptionally(e));
            return;
        }
        try {
            together.forEach(saving -> publish(saving.record));
        } finally {
            together.forEach(saving -> saving.done.complete(null));
        }
    }

    private void keep(JobRecord record) {
        long known = Math.max(journal.version(record.getId()), pastVersion(record.getId()));
        if (record.getVersion() <= known) {
            throw new IllegalArgumentException("job %s is kept in version %d and was to be kept in version %d"
                    .formatted(record.getId(), known, record.getVersion()));
        }
        boolean ended = JobArchive.ended(record);
        if (ended && archived(record)) {
            journal.forget(record.getId());
            return;
        }
        journal.append(record);
        if (!ended && archive.flatMap(past -> past.find(record.getId())).isPresent()) {
            archived(record);
        }
    }

    /** Brings a job into the archive, or notes there that it goes on; the next start tries again. */
    private boolean archived(JobRecord record) {
        try {
            archive.ifPresent(past -> past.put(record));
            return archive.isPresent();
        } catch (UserError e) {
            LOG.warn("The archive doesn't take the job {}; the journal has it: {}", record.getId(), e.getMessage());
            return false;
        }
    }

    @Override
    public Optional<PastJobs> past() {
        return archive.map(past -> past);
    }

    private void publish(JobRecord record) {
        published.ifPresent(jobs -> {
            jobs.publish(record);
            bounded(record);
        });
    }

    /** Remembers that a job is published; of the ended ones the oldest are withdrawn. */
    private void bounded(JobRecord record) {
        publishedEnded.remove(record.getId());
        if (!JobArchive.ended(record)) {
            return;
        }
        publishedEnded.add(record.getId());
        if (publishedEnded.size() > PUBLISHED_ENDED) {
            String oldest = publishedEnded.iterator().next();
            publishedEnded.remove(oldest);
            published.orElseThrow().withdraw(oldest);
        }
    }

    @Override
    public void close() {
        disk.close();
        boolean settled = false;
        try {
            try {
                archive.ifPresent(JobArchive::close);
            } finally {
                journal.close();
            }
            settled = journal.isCertain() && archive.map(JobArchive::isCertain).orElse(true);
        } finally {
            lock.close(settled);
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

        /** Withdraws a job's record; returns at once. */
        void withdraw(String id);
    }
}
