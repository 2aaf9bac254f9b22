package org.simreg.coordinator.run.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.Deque;
import org.simreg.coordinator.job.RunFiles;
import org.simreg.proto.LedgerEntry;
import org.simreg.proto.LedgerEntry.Commit;
import org.simreg.proto.LedgerEntry.Rewind;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.base.io.OwnFolder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The file {@code ledger.jsonl} of a run: every committed step and every time steps were taken back, a line each,
 * only ever appended: by {@code LedgerWriter} while the job runs, by {@code DiskRunFolders} where a folder is resumed.
 * Of several threads one may use it at a time ({@code RunFiles} says on which). A line outlives the process when {@link
 * #commit} returns, and the machine when {@link #sync} does; an unfinished last line is cut off when the file is
 * opened.
 */
public final class Ledger implements AutoCloseable {
    public static final String NAME = "ledger.jsonl";

    private static final Logger LOG = LoggerFactory.getLogger(Ledger.class);

    private final Path path;
    private final FileChannel file;
    private Tail tail;
    private int chain;
    private long end;
    private boolean dirty;

    /** Whether bringing lines to the disk has failed: what a later attempt says means nothing. */
    private boolean unsafe;

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
        return Disk.read(path, () -> {
            FileChannel file =
                    OwnFolder.open(path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
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
        tail = Tail.of(text);
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
                    "step %d can't follow step %d in %s".formatted(commit.getStep(), head().step(), path));
        }
        append(LedgerEntry.newBuilder().setCommit(commit).setTimeMs(timeMs).build());
        tail.add(commit, seconds);
    }

    /**
     * @throws IllegalStateException if its step is above the head of a ledger that has begun
     */
    public void rewind(Rewind rewind, long timeMs) {
        if (!isEmpty() && rewind.getStep() > head().step()) {
            throw new IllegalStateException("%s is at step %d and can't be taken back to step %d"
                    .formatted(path, head().step(), rewind.getStep()));
        }
        append(LedgerEntry.newBuilder().setRewind(rewind).setTimeMs(timeMs).build());
        tail = Disk.read(path, () -> Tail.of(LedgerText.read(path, file)));
    }

    /** At a place, not at the file's end: what a failed write has left is written over. */
    private void append(LedgerEntry entry) {
        ByteBuffer line = ByteBuffer.wrap(LedgerLine.of(entry, chain));
        Disk.write(path, () -> {
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
            Disk.write(path, this::force);
            dirty = false;
        }
    }

    private void force() throws IOException {
        if (unsafe) {
            throw new IOException("its disk has failed before, so that what it holds is not certain");
        }
        try {
            file.force(false);
        } catch (IOException e) {
            unsafe = true;
            throw e;
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

    /**
     * The newest steps of a ledger that were not taken back: those of the last two epochs, in
     * order.
     */
    private static final class Tail {
        private final Deque<Step> steps = new ArrayDeque<>();

        /** The last step where {@link #steps} is empty: that of a rewind, or 0. */
        private final long base;

        /** Of the last line: generations never fall. */
        private long generation;

        /** A committed step with its wall time in seconds. */
        private record Step(Commit commit, double seconds) {}

        private Tail(long base, long generation) {
            this.base = base;
            this.generation = generation;
        }

        /** Reads a ledger from its end back to where the epoch before the last begins. */
        static Tail of(LedgerText text) {
            Deque<Step> found = new ArrayDeque<>();
            long most = Long.MAX_VALUE;
            boolean more = true;
            for (int line = text.lines() - 1; line >= 0 && more; line--) {
                LedgerEntry entry = text.entry(line);
                if (entry.hasRewind()) {
                    most = Math.min(most, entry.getRewind().getStep());
                } else if (entry.getCommit().getStep() <= most) {
                    Commit commit = entry.getCommit();
                    more = found.isEmpty() || near(commit, found.getLast().commit);
                    if (more) {
                        found.addFirst(new Step(commit, secondsBefore(text, line)));
                        most = commit.getStep() - 1;
                    }
                }
            }
            Tail tail = new Tail(most == Long.MAX_VALUE ? 0 : most, lastGeneration(text));
            tail.steps.addAll(found);
            return tail;
        }

        private static long lastGeneration(LedgerText text) {
            if (text.lines() == 0) {
                return 0;
            }
            LedgerEntry last = text.entry(text.lines() - 1);
            return Math.max(last.getCommit().getGeneration(), last.getRewind().getGeneration());
        }

        private static boolean near(Commit commit, Commit last) {
            return commit.getEpoch() >= last.getEpoch() - 1;
        }

        /** Wall time from the line before. */
        private static double secondsBefore(LedgerText text, int line) {
            return line == 0
                    ? 0
                    : (text.entry(line).getTimeMs() - text.entry(line - 1).getTimeMs()) / 1e3;
        }

        void add(Commit commit, double seconds) {
            steps.addLast(new Step(commit, seconds));
            generation = commit.getGeneration();
            while (!near(steps.getFirst().commit, commit)) {
                steps.removeFirst();
            }
        }

        RunFiles.LedgerHead head() {
            if (steps.isEmpty()) {
                return new RunFiles.LedgerHead(base, 0, 0, generation);
            }
            Commit last = steps.getLast().commit;
            return new RunFiles.LedgerHead(last.getStep(), last.getEpoch(), last.getLoss(), generation);
        }

        RunFiles.EpochSum sum(int epoch) {
            RunFiles.EpochSum sum = RunFiles.EpochSum.EMPTY;
            for (Step step : steps) {
                if (step.commit.getEpoch() == epoch) {
                    sum = new RunFiles.EpochSum(
                            sum.steps() + 1,
                            sum.losses() + step.commit.getLoss(),
                            sum.seconds() + step.seconds,
                            sum.images() + step.commit.getSamples());
                }
            }
            return sum;
        }
    }
}
