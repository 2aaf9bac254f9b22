package org.simreg.coordinator.store;

import com.google.protobuf.InvalidProtocolBufferException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Set;
import org.simreg.coordinator.job.JobStore.PastJobs;
import org.simreg.coordinator.store.ArchiveIndex.Entry;
import org.simreg.coordinator.store.ArchiveIndex.Totals;
import org.simreg.proto.JobRecord;
import org.simreg.proto.JobState;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.base.io.OwnFolder;
import org.simreg.worker.base.io.Sha256;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The archive of ended jobs in a folder: a file of records that only grows, the one truth; an index
 * of fixed-size entries; the names by which they are found. What is in memory doesn't grow with the
 * number of jobs, nor does the time to open it. A job that was resumed is marked by a record of a
 * job that hasn't ended. Safe for all threads.
 */
final class JobArchive implements PastJobs, AutoCloseable {
    static final String RECORDS = "records";
    static final String INDEX = "index";

    private static final String KIND = "simreg ended jobs 1";
    private static final Logger LOG = LoggerFactory.getLogger(JobArchive.class);

    private final Path folder;
    private final ArchiveIndex index;
    private final ArchiveNames names;
    private RecordFile records;
    private Totals totals = Totals.NONE;
    private long newest;

    private JobArchive(Path folder, ArchiveIndex index) {
        this.folder = folder;
        this.index = index;
        this.names = new ArchiveNames(folder);
    }

    /**
     * Opens an archive, or begins one.
     *
     * @throws UserError if it is damaged or can't be used
     */
    static JobArchive open(Path folder) {
        return open(folder, OwnFolder::open);
    }

    /**
     * As {@link #open(Path)}.
     *
     * @param opener of the file of records
     */
    static JobArchive open(Path folder, RecordFile.Opener opener) {
        Disk.write(folder, () -> Files.createDirectories(folder));
        JobArchive archive = new JobArchive(folder, ArchiveIndex.open(folder.resolve(INDEX)));
        try {
            archive.begin(opener);
        } catch (RuntimeException e) {
            archive.index.close();
            throw e;
        }
        return archive;
    }

    /** Records without an entry, as a kill or a loss of power leaves them, get theirs. */
    private void begin(RecordFile.Opener opener) {
        names.open(index.count(), index::entry);
        Path file = folder.resolve(RECORDS);
        int whole = whole(Disk.read(file, () -> Files.exists(file) ? Files.size(file) : 0));
        if (whole < index.count()) {
            LOG.warn("{}: the entries from {} on are made anew from {}", folder.resolve(INDEX), whole, file);
            names.takeBack(whole, index::entry);
            index.truncate(whole);
        }
        long from = index.end().orElse(RecordFile.head(KIND).length);
        records = RecordFile.open(file, KIND, from, (offset, bytes) -> {}, opener);
        records.read(from, Integer.MAX_VALUE, this::found);
    }

    /**
     * How many entries are whole, and so are their records. The newest entries are read, as a loss
     * of power can leave gaps in them.
     *
     * @param size of the file of records
     */
    private int whole(long size) {
        int number = Math.max(0, names.inFiles() - 1);
        if (names.inFiles() > 0
                && index.entry(number).filter(entry -> entry.end() <= size).isEmpty()) {
            return 0;
        }
        for (; number < index.count(); number++) {
            Optional<Entry> entry = index.entry(number);
            if (entry.isEmpty() || entry.get().end() > size) {
                return number;
            }
            totals = entry.get().totals();
            newest = entry.get().newest();
            if (number >= names.inFiles()) {
                names.add(number, entry.get(), index::entry);
            }
        }
        return number;
    }

    private void found(long offset, byte[] bytes) {
        index(parse(offset, bytes), offset, offset + RecordFrame.HEADER + bytes.length);
    }

    private JobRecord parse(long offset, byte[] bytes) {
        try {
            return JobRecord.parseFrom(bytes);
        } catch (InvalidProtocolBufferException e) {
            throw new UserError(
                    "%s has at byte %d what is no record of a job: %s; it is of another version of simreg"
                            .formatted(folder.resolve(RECORDS), offset, e.getMessage()),
                    e);
        }
    }

    private void index(JobRecord record, long offset, long end) {
        Optional<Entry> before = latest(record.getId());
        Totals next = totals;
        if (before.isPresent()) {
            next = next.with(before.get().state(), -1).withStale(1);
        }
        next = ended(record) ? next.with(record.getState(), 1) : next.withStale(1);
        String request = record.getRequestId();
        Entry entry = new Entry(
                record.getSubmittedMs(),
                offset,
                end,
                record.getState(),
                Math.max(newest, record.getSubmittedMs()),
                hash("job " + record.getId()),
                request.isEmpty() ? 0 : hash("request " + request),
                next);
        index.append(entry);
        names.add(index.count() - 1, entry, index::entry);
        totals = next;
        newest = entry.newest();
    }

    private static long hash(String name) {
        return Long.parseUnsignedLong(Sha256.of(name).substring(0, 16), 16);
    }

    static boolean ended(JobRecord record) {
        JobState state = record.getState();
        return state == JobState.SUCCEEDED || state == JobState.FAILED || state == JobState.CANCELLED;
    }

    /**
     * Takes a record of a job that has ended, or of one that goes on.
     *
     * @throws UserError if it can't be written; the archive is without it
     */
    synchronized void put(JobRecord record) {
        Mark before = mark();
        try {
            add(record);
            records.sync();
        } catch (RuntimeException e) {
            takeBack(before);
            throw e;
        }
    }

    /** As {@link #put}, but durable only after {@link #sync}. */
    synchronized void add(JobRecord record) {
        Mark before = mark();
        try {
            long offset = records.append(record.toByteArray());
            index(record, offset, records.size());
        } catch (RuntimeException e) {
            takeBack(before);
            throw e;
        }
    }

    /** Makes durable what was added. */
    synchronized void sync() {
        records.sync();
    }

    /**
     * Writes a job's newest record again where it lies, durable after {@link #sync}: one that an earlier process has
     * written, and neither brought to the disk nor taken back.
     *
     * @throws UserError if it can't be written
     */
    void rewrite(String id) {
        latest(id).ifPresent(entry -> records.rewrite(entry.offset()));
    }

    /** Whether its disk has taken all that it was to take. */
    boolean isCertain() {
        return !records.isUnsafe();
    }

    /** How far the archive was at a time. */
    private record Mark(int count, long size, Totals totals, long newest) {}

    private Mark mark() {
        return new Mark(index.count(), records.size(), totals, newest);
    }

    private void takeBack(Mark mark) {
        records.takeBack(mark.size);
        names.takeBack(mark.count, index::entry);
        totals = mark.totals;
        newest = mark.newest;
        if (index.count() > mark.count) {
            index.truncate(mark.count);
        }
    }

    /** The version of a job's newest record, also of one that has left; -1 if there is none. */
    synchronized long version(String id) {
        return latest(id).map(this::record).map(JobRecord::getVersion).orElse(-1L);
    }

    private Optional<Entry> latest(String id) {
        int number = number(id);
        return number < 0 ? Optional.empty() : index.entry(number);
    }

    private int number(String id) {
        long name = hash("job " + id);
        return names.find(
                name,
                number -> index.entry(number)
                        .filter(entry -> entry.id() == name)
                        .filter(entry -> record(entry).getId().equals(id))
                        .isPresent());
    }

    private JobRecord record(Entry entry) {
        List<JobRecord> one = new ArrayList<>(1);
        records.read(entry.offset(), 1, (offset, bytes) -> one.add(parse(offset, bytes)));
        return one.get(0);
    }

    @Override
    public synchronized Optional<JobRecord> find(String id) {
        return latest(id).map(this::record).filter(JobArchive::ended);
    }

    @Override
    public synchronized Optional<JobRecord> requested(String requestId) {
        long name = hash("request " + requestId);
        int number = names.find(
                name,
                one -> index.entry(one)
                        .filter(entry -> entry.request() == name)
                        .filter(entry -> record(entry).getRequestId().equals(requestId))
                        .isPresent());
        return number < 0
                ? Optional.empty()
                : index.entry(number).map(this::record).flatMap(record -> find(record.getId()));
    }

    @Override
    public synchronized List<JobRecord> newest(Place before, Set<JobState> states, int most) {
        PriorityQueue<Found> found = new PriorityQueue<>((a, b) -> b.place.compareTo(a.place));
        int last = index.count();
        boolean more = most > 0;
        while (more && last > 0) {
            int block = (last - 1) / ArchiveIndex.AT_ONCE;
            int first = block * ArchiveIndex.AT_ONCE;
            boolean whole = last - first == ArchiveIndex.AT_ONCE;
            if (whole && index.oldest(block) > before.submittedMs()) {
                last = first;
                continue;
            }
            var read = index.read(first, last - first);
            for (int i = last - first - 1; i >= 0 && more; i--) {
                Entry entry = ArchiveIndex.parse(read, i).orElse(null);
                if (entry == null) {
                    LOG.warn("{} is damaged in entry {}, which is passed over", folder.resolve(INDEX), first + i);
                    continue;
                }
                boolean full = found.size() == most;
                more = !full || entry.newest() >= found.peek().place.submittedMs();
                boolean wanted = entry.state() == JobState.SUCCEEDED
                        || entry.state() == JobState.FAILED
                        || entry.state() == JobState.CANCELLED;
                wanted &= states.isEmpty() || states.contains(entry.state());
                wanted &= entry.submitted() <= before.submittedMs();
                if (wanted && (!full || entry.submitted() >= found.peek().place.submittedMs())) {
                    consider(first + i, entry, before).ifPresent(found::add);
                    if (found.size() > most) {
                        found.poll();
                    }
                }
            }
            last = first;
        }
        List<JobRecord> page = new ArrayList<>();
        while (!found.isEmpty()) {
            page.add(0, found.poll().record);
        }
        return page;
    }

    /** A record for a page. */
    private record Found(Place place, JobRecord record) {}

    /** One that can't be read is passed over, with a line in the log. */
    private Optional<Found> consider(int number, Entry entry, Place before) {
        try {
            JobRecord record = record(entry);
            Place place = Place.of(record);
            boolean latest = totals.stale() == 0 || number(record.getId()) == number;
            return latest && place.compareTo(before) > 0 ? Optional.of(new Found(place, record)) : Optional.empty();
        } catch (UserError e) {
            LOG.warn("An ended job is not listed: {}", e.getMessage());
            return Optional.empty();
        }
    }

    @Override
    public synchronized Map<JobState, Long> states() {
        Map<JobState, Long> states = new EnumMap<>(JobState.class);
        states.put(JobState.SUCCEEDED, (long) totals.succeeded());
        states.put(JobState.FAILED, (long) totals.failed());
        states.put(JobState.CANCELLED, (long) totals.cancelled());
        states.values().removeIf(number -> number == 0);
        return states;
    }

    @Override
    public synchronized long newestMs() {
        return newest;
    }

    @Override
    public synchronized void close() {
        try {
            records.close();
        } finally {
            index.close();
        }
    }
}
