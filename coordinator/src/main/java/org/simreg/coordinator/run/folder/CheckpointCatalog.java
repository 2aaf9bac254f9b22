package org.simreg.coordinator.run.folder;

import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.zip.CRC32C;
import org.simreg.coordinator.job.RunFiles.Download;
import org.simreg.proto.CheckpointHeader;
import org.simreg.proto.Refused;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.base.io.OwnFolder;
import org.simreg.worker.base.io.UserFile;
import org.simreg.worker.train.student.RunCheckpoint;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The stored checkpoints of a job: the files in {@code checkpoints/} that are named after a step.
 */
final class CheckpointCatalog {
    static final String NAME = "checkpoints";

    private static final Logger LOG = LoggerFactory.getLogger(CheckpointCatalog.class);

    private final Path folder;
    private final String job;
    private final int keep;

    /** The headers of those that arrived, or were read, in this process; by step. */
    private final Map<Long, Known> headers = new ConcurrentHashMap<>();

    /** A header, and when the file that it belongs to was written. */
    private record Known(CheckpointHeader header, FileTime written) {}

    /**
     * @param run folder of the run, locked
     * @param keep newest files that stay, at least 1
     */
    CheckpointCatalog(Path run, String job, int keep) {
        folder = run.resolve(NAME);
        this.job = job;
        this.keep = keep;
    }

    /** Removes the drafts that an earlier process left. */
    void clear() {
        Disk.write(folder, () -> {
            if (!OwnFolder.requireFolder(folder)) {
                return;
            }
            try (OwnFolder open = OwnFolder.open(folder)) {
                for (String name : List.copyOf(open.names())) {
                    if (name.matches("\\.step-[0-9].*\\.tmp")) {
                        open.delete(name);
                    }
                }
            }
        });
    }

    /** Never through a link. */
    private List<Path> list() {
        return OwnFolder.isFolder(folder)
                ? RunCheckpoint.list(folder).stream().filter(OwnFolder::isFile).toList()
                : List.of();
    }

    /** The newest one of at most a step. */
    Optional<Path> newest(long most) {
        return list().stream()
                .filter(file -> RunCheckpoint.stepOf(file) <= most)
                .reduce((older, newer) -> newer);
    }

    /**
     * @throws Refused if there is none of that step
     */
    Download download(long step) {
        Path file = folder.resolve(RunCheckpoint.fileName(step));
        if (!OwnFolder.isFolder(folder) || !OwnFolder.isFile(file)) {
            throw new Refused(
                    Refused.Kind.UNKNOWN,
                    "Job %s has no checkpoint of step %d; it may have been replaced by a newer one"
                            .formatted(job, step));
        }
        return new Download(() -> said(file, step), file);
    }

    /** May read the whole file: not on the thread that asks for it. */
    private CheckpointHeader said(Path file, long step) {
        FileTime written = written(file);
        Known known = headers.get(step);
        if (known == null || !known.written.equals(written)) {
            known = new Known(intact(file), written);
            headers.put(step, known);
        }
        return known.header;
    }

    private static FileTime written(Path file) {
        return Disk.read(file, () -> Files.getLastModifiedTime(file));
    }

    /** A damaged file is set aside: the job fails with this sentence, and resumes from the one before. */
    private CheckpointHeader intact(Path file) {
        try {
            return Disk.read(file, () -> header(file));
        } catch (UserError e) {
            throw new Refused(Refused.Kind.UNKNOWN, damage(file).orElse(e.getMessage()));
        }
    }

    /**
     * Sets damaged files aside, the newest first, until one is intact.
     *
     * @return a sentence for each
     */
    List<String> setDamagedAside() {
        List<String> sentences = new ArrayList<>();
        Optional<Path> newest = newest(Long.MAX_VALUE);
        while (newest.isPresent()) {
            Optional<String> damage = damage(newest.get());
            if (damage.isEmpty()) {
                break;
            }
            sentences.add(damage.get());
            newest = newest(Long.MAX_VALUE);
        }
        return sentences;
    }

    private Optional<String> damage(Path file) {
        try {
            RunCheckpoint.Header.read(file);
            return Optional.empty();
        } catch (UserError e) {
            Path aside = file.resolveSibling(file.getFileName() + ".damaged");
            Disk.write(aside, () -> Files.move(file, aside, StandardCopyOption.ATOMIC_MOVE));
            headers.remove(RunCheckpoint.stepOf(file));
            String next = newest(Long.MAX_VALUE)
                    .map(before -> "the one of step " + RunCheckpoint.stepOf(before) + " is the newest now")
                    .orElse("there is no other");
            String sentence = "The checkpoint of step %d of the job %s is damaged and set aside as %s; %s"
                    .formatted(RunCheckpoint.stepOf(file), job, aside, next);
            LOG.warn("{}", sentence);
            return Optional.of(sentence);
        }
    }

    /** The header of a file from before this process; its generation isn't known any more. */
    private CheckpointHeader header(Path file) throws IOException {
        CRC32C crc = new CRC32C();
        byte[] part = new byte[1 << 20];
        try (InputStream in = Channels.newInputStream(UserFile.open(file))) {
            for (int got = in.read(part); got >= 0; got = in.read(part)) {
                crc.update(part, 0, got);
            }
        }
        RunCheckpoint.Header said = RunCheckpoint.Header.read(file);
        return CheckpointHeader.newBuilder()
                .setJob(job)
                .setStep(said.step())
                .setLength(Files.size(file))
                .setCrc32C((int) crc.getValue())
                .setSha256(said.sha256())
                .build();
    }

    /**
     * A checkpoint begins to arrive.
     *
     * @param head step that the ledger has reached; asked for when the checkpoint is stored
     * @param best steps of the best students, whose checkpoints stay; asked for then, too
     */
    ArrivingCheckpoint receive(CheckpointHeader header, LongSupplier head, Supplier<Set<Long>> best) {
        Disk.write(folder, () -> OwnFolder.make(folder));
        return new ArrivingCheckpoint(folder, header, () -> stored(header, head.getAsLong(), best.get()));
    }

    /** The checkpoint of a step; empty if there is none, or one that can't be read. */
    Optional<Path> of(long step) {
        return list().stream()
                .filter(file -> RunCheckpoint.stepOf(file) == step)
                .filter(file -> damage(file).isEmpty())
                .findFirst();
    }

    /** Takes note of a file that has its name now; removes the oldest. */
    private void stored(CheckpointHeader header, long head, Set<Long> best) {
        Path file = folder.resolve(RunCheckpoint.fileName(header.getStep()));
        headers.put(header.getStep(), new Known(header, written(file)));
        prune(head, best);
    }

    /**
     * Removes the oldest beyond those to keep.
     *
     * @param head step that the ledger has reached; those beyond can't be continued from yet, so
     *     they don't count
     * @param best steps whose checkpoints stay
     */
    private void prune(long head, Set<Long> best) {
        List<Path> reached = list().stream()
                .filter(file -> RunCheckpoint.stepOf(file) <= head)
                .toList();
        reached.subList(0, Math.max(0, reached.size() - keep)).stream()
                .filter(file -> !best.contains(RunCheckpoint.stepOf(file)))
                .forEach(this::remove);
    }

    /** Removes the checkpoints of later steps, which were taken back. */
    void rewind(long step) {
        list().stream().filter(file -> RunCheckpoint.stepOf(file) > step).forEach(this::remove);
    }

    private void remove(Path file) {
        headers.remove(RunCheckpoint.stepOf(file));
        Disk.write(file, () -> Files.deleteIfExists(file));
    }
}
