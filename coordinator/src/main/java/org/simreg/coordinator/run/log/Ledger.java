package org.simreg.coordinator.run.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.simreg.coordinator.job.RunFiles;
import org.simreg.proto.LedgerEntry;
import org.simreg.proto.LedgerEntry.Commit;
import org.simreg.proto.LedgerEntry.Rewind;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.Disk;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The file {@code ledger.jsonl} of a run: every committed step and every time steps were taken
 * back, a line each, only ever appended. A line outlives the process when {@link #commit} returns,
 * and the machine when {@link #sync} does; an unfinished last line is cut off when the file is
 * opened.
 */
public final class Ledger implements AutoCloseable {
    public static final String NAME = "ledger.jsonl";

    private static final Logger LOG = LoggerFactory.getLogger(Ledger.class);

    private final Path path;
    private final FileChannel file;
    private LedgerTail tail;
    private int chain;
    private long end;
    private boolean dirty;

    private Ledger(Path path, FileChannel file) {
        this.path = path;
        this.file = file;
    }

    /**
     * Opens the ledger of a run folder, or begins one.
     *
     * @throws UserError if it is damaged before its end or can't be used
     */
    public static Ledger open(Path folder) {
        Path path = folder.resolve(NAME);
        return Disk.read(
                path,
                () -> {
                    FileChannel file =
                            FileChannel.open(
                                    path,
                                    StandardOpenOption.CREATE,
                                    StandardOpenOption.READ,
                                    StandardOpenOption.WRITE);
                    Ledger ledger = new Ledger(path, file);
                    try {
                        ledger.begin();
                    } catch (IOException | RuntimeException e) {
                        file.close();
                        throw e;
                    }
                    return ledger;
                });
    }

    private void begin() throws IOException {
        LedgerText text = LedgerText.read(path, file);
        tail = LedgerTail.of(text);
        chain = text.chain();
        end = text.end();
        if (file.size() > end) {
            LOG.warn("{}: an unfinished line of {} bytes is cut off", path, file.size() - end);
            file.truncate(end);
            dirty = true;
        }
    }

    /** Whether nothing was ever written. */
    public boolean isEmpty() {
        return end == 0;
    }

    public RunFiles.LedgerHead head() {
        return tail.head();
    }

    public RunFiles.EpochSum sum(int epoch) {
        return tail.sum(epoch);
    }

    /**
     * @param seconds wall time of the step
     * @throws IllegalStateException if it isn't the step after the head
     */
    public void commit(Commit commit, double seconds, long timeMs) {
        if (commit.getStep() != head().step() + 1) {
            throw new IllegalStateException(
                    "step %d can't follow step %d in %s"
                            .formatted(commit.getStep(), head().step(), path));
        }
        append(LedgerEntry.newBuilder().setCommit(commit).setTimeMs(timeMs).build());
        tail.add(commit, seconds);
    }

    /**
     * @throws IllegalStateException if its step is above the head of a ledger that has begun
     */
    public void rewind(Rewind rewind, long timeMs) {
        if (!isEmpty() && rewind.getStep() > head().step()) {
            throw new IllegalStateException(
                    "%s is at step %d and can't be taken back to step %d"
                            .formatted(path, head().step(), rewind.getStep()));
        }
        append(LedgerEntry.newBuilder().setRewind(rewind).setTimeMs(timeMs).build());
        tail = Disk.read(path, () -> LedgerTail.of(LedgerText.read(path, file)));
    }

    /** At a place, not at the file's end: what a failed write has left is written over. */
    private void append(LedgerEntry entry) {
        ByteBuffer line = ByteBuffer.wrap(LedgerLine.of(entry, chain));
        Disk.write(
                path,
                () -> {
                    while (line.hasRemaining()) {
                        file.write(line, end + line.position());
                    }
                });
        end += line.limit();
        chain = LedgerLine.chain(line.slice(0, line.limit() - 1)).orElseThrow();
        dirty = true;
    }

    /** Brings what was appended to the disk; costs nothing if there is nothing. */
    public void sync() {
        if (dirty) {
            Disk.write(path, () -> file.force(false));
            dirty = false;
        }
    }

    @Override
    public void close() {
        if (file.isOpen()) {
            try {
                sync();
            } finally {
                Disk.write(path, file::close);
            }
        }
    }
}
