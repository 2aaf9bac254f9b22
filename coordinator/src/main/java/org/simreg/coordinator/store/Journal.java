package org.simreg.coordinator.store;

import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.simreg.proto.JobRecord;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.AtomicFile;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The journal of the jobs: a file of records that only grows, in which the last record of a job
 * holds. Every record is on the disk before {@link #append} returns. When most of the file is
 * outdated it is written anew, beside and then in place of the old one.
 */
final class Journal implements AutoCloseable {
    static final String KIND = "simreg journal 1";

    private static final Logger LOG = LoggerFactory.getLogger(Journal.class);

    /** Below this size, in bytes, outdated records cost nothing. */
    private static final long SMALL = 1 << 22;

    private final Path path;
    private final Map<String, JobRecord> records = new LinkedHashMap<>();
    private RecordFile file;

    /** Bytes of the records that hold. */
    private long live;

    /** Size at which writing the file anew failed; 0 if it didn't the last time. */
    private long failedSize;

    private Journal(Path path) {
        this.path = path;
    }

    /**
     * Opens a journal, or begins one.
     *
     * @throws UserError if it is damaged or can't be used; the message has file and offset
     */
    public static Journal open(Path path) {
        Journal journal = new Journal(path);
        journal.file = RecordFile.open(path, KIND, journal::read);
        journal.live =
                journal.records.values().stream().mapToLong(Journal::bytes).sum();
        try {
            if (journal.file.size() > KIND.length() + 1 + journal.live) {
                journal.compact();
            }
        } catch (RuntimeException e) {
            journal.close();
            throw e;
        }
        return journal;
    }

    private void read(long offset, byte[] bytes) {
        try {
            JobRecord record = JobRecord.parseFrom(bytes);
            records.merge(record.getId(), record, Journal::newer);
        } catch (InvalidProtocolBufferException e) {
            throw new UserError(
                    "%s has at byte %d what is no record of a job: %s; it is of another version of simreg"
                            .formatted(path, offset, e.getMessage()),
                    e);
        }
    }

    private static JobRecord newer(JobRecord known, JobRecord next) {
        return next.getVersion() > known.getVersion() ? next : known;
    }

    private static long bytes(JobRecord record) {
        return (long) RecordFile.Frame.HEADER + record.getSerializedSize();
    }

    /** The newest record of each job, in the order in which the jobs came. */
    public Collection<JobRecord> records() {
        return List.copyOf(records.values());
    }

    /**
     * Keeps a record; it is on the disk when this returns.
     *
     * @throws IllegalArgumentException if its version isn't higher than the kept one's
     * @throws UserError if it can't be written; the one before holds
     */
    public void append(JobRecord record) {
        JobRecord known = records.getOrDefault(record.getId(), JobRecord.getDefaultInstance());
        boolean first = !records.containsKey(record.getId());
        if (!first && record.getVersion() <= known.getVersion()) {
            throw new IllegalArgumentException("job %s is kept in version %d and was to be kept in version %d"
                    .formatted(record.getId(), known.getVersion(), record.getVersion()));
        }
        file.appendDurably(record.toByteArray());
        records.put(record.getId(), record);
        live += bytes(record) - (first ? 0 : bytes(known));
        if (file.size() > Math.max(SMALL, Math.max(4 * live, 2 * failedSize))) {
            compact();
        }
    }

    /**
     * Writes the file anew. Without room for a second file the old one goes on; either holds every
     * record.
     */
    private void compact() {
        failedSize = 0;
        try {
            AtomicFile.write(path, this::rewrite);
        } catch (UserError e) {
            failedSize = file.size();
            LOG.warn("{} goes on growing: {}", path, e.getMessage());
        }
        file.close();
        file = RecordFile.open(path, KIND, (offset, bytes) -> {});
    }

    private void rewrite(FileChannel channel) throws IOException {
        List<ByteBuffer> parts = new ArrayList<>();
        parts.add(ByteBuffer.wrap(RecordFile.head(KIND)));
        records.values().forEach(record -> parts.add(RecordFile.Frame.of(record.toByteArray())));
        for (ByteBuffer part : parts) {
            while (part.hasRemaining()) {
                channel.write(part);
            }
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
