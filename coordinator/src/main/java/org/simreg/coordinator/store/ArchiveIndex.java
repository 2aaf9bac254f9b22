package org.simreg.coordinator.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalLong;
import org.simreg.proto.JobState;
import org.simreg.worker.base.io.Disk;

/**
 * The index of the archive: an entry of fixed size for each of its records, in their order. It can
 * be made anew from the records.
 */
final class ArchiveIndex implements AutoCloseable {
    /** Entries that are read at once. */
    static final int AT_ONCE = 512;

    private static final int BYTES = 88;
    private static final int CHECKED = 80;

    private final Path path;
    private final FileChannel channel;
    private int count;

    /** Earliest submissions of whole blocks; 0: not read yet. */
    private long[] oldest = {};

    /**
     * An entry for a record.
     *
     * @param submitted when its job was submitted
     * @param offset of the record
     * @param end of the record: where the next one begins
     * @param state of the job; one that hasn't ended: the job has left the archive
     * @param newest latest submission of this and all entries before
     * @param id hash of the job's id
     * @param request hash of its request; 0: it had none
     * @param totals of all entries up to this one
     */
    record Entry(
            long submitted,
            long offset,
            long end,
            JobState state,
            long newest,
            long id,
            long request,
            ArchiveIndex.Totals totals) {}

    /**
     * The numbers of jobs in the archive.
     *
     * @param stale entries whose job has a later one, or has left
     */
    record Totals(int succeeded, int failed, int cancelled, int stale) {
        static final Totals NONE = new Totals(0, 0, 0, 0);

        /** With a job more, or less, of a state. */
        Totals with(JobState state, int more) {
            return switch (state) {
                case SUCCEEDED -> new Totals(succeeded + more, failed, cancelled, stale);
                case FAILED -> new Totals(succeeded, failed + more, cancelled, stale);
                case CANCELLED -> new Totals(succeeded, failed, cancelled + more, stale);
                default -> this;
            };
        }

        Totals withStale(int more) {
            return new Totals(succeeded, failed, cancelled, stale + more);
        }
    }

    private ArchiveIndex(Path path, FileChannel channel) throws IOException {
        this.path = path;
        this.channel = channel;
        this.count = (int) Math.min(channel.size() / BYTES, Integer.MAX_VALUE);
    }

    static ArchiveIndex open(Path path) {
        return Disk.read(
                path,
                () -> new ArchiveIndex(
                        path,
                        FileChannel.open(
                                path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)));
    }

    int count() {
        return count;
    }

    /** Where the records end that have an entry. */
    OptionalLong end() {
        return count == 0
                ? OptionalLong.empty()
                : entry(count - 1).map(entry -> OptionalLong.of(entry.end)).orElse(OptionalLong.empty());
    }

    /** An entry; empty if it is damaged. */
    Optional<Entry> entry(int number) {
        return parse(read(number, 1), 0);
    }

    /**
     * Entries that follow each other; to be taken apart by {@link #parse}.
     *
     * @param many at most {@link #AT_ONCE}
     */
    ByteBuffer read(int first, int many) {
        ByteBuffer bytes = ByteBuffer.allocate(many * BYTES).order(ByteOrder.LITTLE_ENDIAN);
        Disk.read(path, () -> {
            long at = (long) first * BYTES;
            while (bytes.hasRemaining() && channel.read(bytes, at + bytes.position()) >= 0) {
                // More of it.
            }
            return null;
        });
        return bytes.rewind();
    }

    /** One of the entries read; empty if it is damaged. */
    static Optional<Entry> parse(ByteBuffer read, int which) {
        ByteBuffer entry = read.slice(which * BYTES, BYTES).order(ByteOrder.LITTLE_ENDIAN);
        JobState state = JobState.forNumber(entry.getInt(24));
        if (RecordFrame.crc(entry.slice(0, CHECKED)) != entry.getInt(CHECKED) || state == null) {
            return Optional.empty();
        }
        Totals totals = new Totals(entry.getInt(56), entry.getInt(60), entry.getInt(64), entry.getInt(68));
        return Optional.of(new Entry(
                entry.getLong(0),
                entry.getLong(8),
                entry.getLong(16),
                state,
                entry.getLong(32),
                entry.getLong(40),
                entry.getLong(48),
                totals));
    }

    /**
     * The earliest submission of a block of {@link #AT_ONCE} entries, read the first time that it is asked for.
     *
     * @param block its place among all blocks; a whole one
     */
    long oldest(int block) {
        if (oldest.length <= block) {
            oldest = Arrays.copyOf(oldest, Math.max(64, 2 * block));
        }
        if (oldest[block] == 0) {
            ByteBuffer entries = read(block * AT_ONCE, AT_ONCE);
            long least = Long.MAX_VALUE;
            for (int i = 0; i < AT_ONCE; i++) {
                least = Math.min(least, parse(entries, i).map(Entry::submitted).orElse(Long.MIN_VALUE));
            }
            oldest[block] = Math.max(1, least);
        }
        return oldest[block];
    }

    /** Writes an entry after the last one; it outlives the process. */
    void append(Entry entry) {
        ByteBuffer bytes = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(0, entry.submitted).putLong(8, entry.offset).putLong(16, entry.end);
        bytes.putInt(24, entry.state.getNumber()).putLong(32, entry.newest);
        bytes.putLong(40, entry.id).putLong(48, entry.request);
        Totals totals = entry.totals;
        bytes.putInt(56, totals.succeeded).putInt(60, totals.failed);
        bytes.putInt(64, totals.cancelled).putInt(68, totals.stale);
        bytes.putInt(CHECKED, RecordFrame.crc(bytes.slice(0, CHECKED)));
        Disk.write(path, () -> {
            long at = (long) count * BYTES;
            while (bytes.hasRemaining()) {
                channel.write(bytes, at + bytes.position());
            }
        });
        count++;
    }

    /** Takes back all entries but the first ones. */
    void truncate(int to) {
        Disk.write(path, () -> channel.truncate((long) to * BYTES));
        count = to;
        Arrays.fill(oldest, Math.min(oldest.length, to / AT_ONCE), oldest.length, 0);
    }

    void sync() {
        Disk.write(path, () -> channel.force(false));
    }

    @Override
    public void close() {
        Disk.write(path, channel::close);
    }
}
