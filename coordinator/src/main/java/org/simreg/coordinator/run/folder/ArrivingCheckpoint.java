package org.simreg.coordinator.run.folder;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.zip.CRC32C;
import org.simreg.coordinator.job.RunFiles.Upload;
import org.simreg.proto.CheckpointHeader;
import org.simreg.proto.CheckpointWritten;
import org.simreg.proto.Refused;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.train.student.RunCheckpoint;

/** A checkpoint that arrives in a run folder: a hidden file until it is whole and stored. */
final class ArrivingCheckpoint implements Upload {
    private final Path folder;
    private final CheckpointHeader header;
    private final Runnable stored;
    private final Path draft;
    private final CRC32C crc = new CRC32C();
    private FileChannel file;
    private long length;
    private boolean whole;

    /**
     * @param folder where it is stored
     * @param stored called when it has taken its name
     */
    ArrivingCheckpoint(Path folder, CheckpointHeader header, Runnable stored) {
        this.folder = folder;
        this.header = header;
        this.stored = stored;
        String name = RunCheckpoint.fileName(header.getStep());
        draft = folder.resolve(".%s.%x.tmp".formatted(name, System.nanoTime()));
    }

    /**
     * @throws Refused if more comes than was announced
     */
    @Override
    public void write(ByteBuffer part) {
        length += part.remaining();
        if (length > header.getLength()) {
            throw damaged("has more than the %d bytes announced".formatted(header.getLength()));
        }
        crc.update(part.duplicate());
        Disk.write(draft, () -> append(part));
    }

    private void append(ByteBuffer part) throws IOException {
        if (file == null) {
            file = FileChannel.open(draft, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        }
        while (part.hasRemaining()) {
            file.write(part);
        }
    }

    /**
     * @throws Refused if it isn't what was announced
     */
    @Override
    public void finish() {
        if (length != header.getLength() || file == null) {
            throw damaged("ended after %d of %d bytes".formatted(length, header.getLength()));
        }
        if ((int) crc.getValue() != header.getCrc32C()) {
            throw damaged("has the CRC32C %08x and not %08x".formatted(crc.getValue(), header.getCrc32C()));
        }
        Disk.write(draft, () -> {
            file.force(true);
            file.close();
        });
        requireAnnounced();
        whole = true;
    }

    private void requireAnnounced() {
        RunCheckpoint.Header said;
        try {
            said = RunCheckpoint.Header.read(draft);
        } catch (UserError e) {
            throw damaged("is no checkpoint of a run");
        }
        if (said.step() != header.getStep() || !said.sha256().equals(header.getSha256())) {
            throw damaged("says of itself that it is of step %d with SHA-256 %s".formatted(said.step(), said.sha256()));
        }
    }

    private Refused damaged(String what) {
        return new Refused(
                Refused.Kind.DAMAGED,
                "The checkpoint of job %s at step %d with SHA-256 %s %s; send it again"
                        .formatted(header.getJob(), header.getStep(), header.getSha256(), what));
    }

    /**
     * @throws IllegalStateException if it didn't finish
     */
    @Override
    public CompletionStage<CheckpointWritten> store() {
        if (!whole) {
            throw new IllegalStateException("a checkpoint is stored that has not arrived");
        }
        Path target = folder.resolve(RunCheckpoint.fileName(header.getStep()));
        Disk.write(target, () -> {
            Files.move(draft, target, StandardCopyOption.ATOMIC_MOVE);
            Disk.forceFolder(folder);
        });
        stored.run();
        return CompletableFuture.completedFuture(CheckpointWritten.newBuilder()
                .setStep(header.getStep())
                .setFile(folder.getParent().relativize(target).toString())
                .setSha256(header.getSha256())
                .build());
    }

    @Override
    public void close() {
        Disk.write(draft, () -> {
            if (file != null) {
                file.close();
            }
            Files.deleteIfExists(draft);
        });
    }
}
