package org.simreg.coordinator.store;

import com.google.protobuf.InvalidProtocolBufferException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.simreg.coordinator.store.RecordFile.Opener;
import org.simreg.proto.JobRecord;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.OwnFolder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The journal of the jobs: a file of records that only grows, in which the last record of a job
 * holds. Every record is on the disk before {@link #append} returns. When most of the file is
 * outdated it is written anew: beside, then in place of the old one, which is in use until then. So
 * it is when the disk has failed to take a record. In memory is only where each record lies.
 */
final class Journal implements AutoCloseable {
    static final String KIND = "simreg journal 1";

    private static final Logger LOG = LoggerFactory.getLogger(Journal.class);

    /** Below this size, in bytes, outdated records cost nothing. */
    private static final long SMALL = 1 << 22;

    private final Path path;
    private final Opener opener;
    private final Map<String, Place> places = new LinkedHashMap<>();
    private RecordFile file;

    /** Bytes of the records that hold. */
    private long live;

    /** Size at which writing the file anew failed; 0 if it didn't the last time. */
    private long failedSize;

    /** A record in the file. */
    private record Place(long version, long offset, long bytes) {}

    private Journal(Path path, Opener opener) {
        this.path = path;
        this.opener = opener;
    }

    /**
     * Opens a journal, or begins one.
     *
     * @throws UserError if it is damaged or can't be used; the message has file and offset
     */
    static Journal open(Path path) {
        return open(path, OwnFolder::open);
    }

    static Journal open(Path path, Opener opener) {
        Journal journal = new Journal(path, opener);
        journal.file = RecordFile.open(path, KIND, 0, journal::found, opener);
        return journal;
    }

    private void found(long offset, byte[] bytes) {
        JobRecord record = parse(offset, bytes);
        Place known = places.get(record.getId());
        if (known == null || record.getVersion() > known.version) {
            place(record, offset, bytes.length);
        }
    }

    private void place(JobRecord record, long offset, int bytes) {
        Place next = new Place(record.getVersion(), offset, (long) RecordFrame.HEADER + bytes);
        Place before = places.put(record.getId(), next);
        live += next.bytes - (before == null ? 0 : before.bytes);
    }

    private JobRecord parse(long offset, byte[] bytes) {
        try {
            return JobRecord.parseFrom(bytes);
        } catch (InvalidProtocolBufferException e) {
            throw new UserError(
                    "%s has at byte %d what is no record of a job: %s; it is of another version of simreg"
                            .formatted(path, offset, e.getMessage()),
                    e);
        }
    }

    /** The newest record of each job, in the order in which the jobs came. */
    Collection<JobRecord> records() {
        List<JobRecord> records = new ArrayList<>();
        ids().forEach(id -> records.add(record(id)));
        return records;
    }

    /** The jobs, in the order in which they came. */
    Set<String> ids() {
        return new LinkedHashSet<>(places.keySet());
    }

    /** The version in which a job is kept; -1 if it isn't. */
    long version(String id) {
        Place place = places.get(id);
        return place == null ? -1 : place.version;
    }

    /**
     * The newest record of a job that is kept.
     *
     * @throws UserError if it can't be read
     */
    JobRecord record(String id) {
        List<JobRecord> one = new ArrayList<>();
        file.read(places.get(id).offset, 1, (offset, bytes) -> one.add(parse(offset, bytes)));
        return one.get(0);
    }

    /**
     * Keeps a record; it is on the disk when this returns.
     *
     * @throws IllegalArgumentException if its version isn't higher than the kept one's
     * @throws UserError if it can't be written; the one before holds
     */
    void append(JobRecord record) {
        append(List.of(record));
    }

    /**
     * Keeps records of several jobs, with one wait for the disk.
     *
     * @throws IllegalArgumentException if one's version isn't higher than the kept one's; none is kept
     * @throws UserError if they can't be written; those before hold
     */
    void append(List<JobRecord> records) {
        for (JobRecord record : records) {
            long known = version(record.getId());
            if (record.getVersion() <= known) {
                throw new IllegalArgumentException("job %s is kept in version %d and was to be kept in version %d"
                        .formatted(record.getId(), known, record.getVersion()));
            }
        }
        if (file.isUnsafe()) {
            rewrite(records);
            return;
        }
        List<byte[]> bytes = records.stream().map(JobRecord::toByteArray).toList();
        List<Long> offsets = file.appendDurably(bytes);
        for (int i = 0; i < records.size(); i++) {
            place(records.get(i), offsets.get(i), bytes.get(i).length);
        }
        compactIfLarge();
    }

    /** Forgets a job, which is kept elsewhere by now; its record leaves the file at some time. */
    void forget(String id) {
        Place place = places.remove(id);
        live -= place == null ? 0 : place.bytes;
    }

    /** Writes the file anew if a part of it is outdated; a failure is only noted. */
    void compact() {
        if (file.size() > RecordFile.head(KIND).length + live) {
            tryToCompact();
        }
    }

    /**
     * Writes the file anew after a process that was killed, or whose disk has failed: a record may be in memory only. On a
     * full disk that is left to the next save.
     */
    void renew() {
        tryToCompact();
        if (failedSize > 0) {
            file.distrust();
        }
    }

    /** Whether the disk has taken all that was written, as far as it says. */
    boolean isCertain() {
        return !file.isUnsafe();
    }

    private void compactIfLarge() {
        if (file.size() > Math.max(SMALL, Math.max(4 * live, 2 * failedSize))) {
            tryToCompact();
        }
    }

    private void tryToCompact() {
        failedSize = 0;
        try {
            rewrite(List.of());
        } catch (UserError e) {
            failedSize = file.size();
            LOG.warn("{} goes on growing: {}", path, e.getMessage());
        }
    }

    /** Writes the file anew with further records; until it has its name the old one holds. */
    private void rewrite(List<JobRecord> more) {
        Path draft = path.resolveSibling("." + path.getFileName() + ".tmp");
        RecordFile next = RecordFile.draft(draft, KIND, opener);
        Map<String, Place> moved = new LinkedHashMap<>();
        try {
            for (Map.Entry<String, Place> kept : places.entrySet()) {
                file.read(kept.getValue().offset, 1, (offset, bytes) -> {
                    Place place = kept.getValue();
                    moved.put(kept.getKey(), new Place(place.version, next.append(bytes), place.bytes));
                });
            }
            for (JobRecord record : more) {
                byte[] bytes = record.toByteArray();
                long bytesInFile = (long) RecordFrame.HEADER + bytes.length;
                moved.put(record.getId(), new Place(record.getVersion(), next.append(bytes), bytesInFile));
            }
            next.replace(path);
        } catch (RuntimeException e) {
            next.discard();
            throw e;
        }
        RecordFile old = file;
        file = next;
        places.clear();
        places.putAll(moved);
        live = places.values().stream().mapToLong(Place::bytes).sum();
        close(old);
    }

    private void close(RecordFile old) {
        try {
            old.close();
        } catch (UserError e) {
            LOG.warn("The file that was {} before can't be closed: {}", path, e.getMessage());
        }
    }

    /** Bytes of the file. */
    long size() {
        return file.size();
    }

    @Override
    public void close() {
        file.close();
    }
}
