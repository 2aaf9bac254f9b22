package org.simreg.worker.distill;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.simreg.proto.CheckpointWritten;
import org.simreg.proto.UserError;
import org.simreg.worker.torchscript.Trained;

/**
 * Writes checkpoints on a thread of its own while training goes on. One is under way at a time: the
 * next waits for it, so that at most two copies of the state are in memory.
 */
final class CheckpointWriter implements AutoCloseable {
    private final Path folder;
    private final int keep;
    private final Trained trained;
    private final ExecutorService thread =
            Executors.newSingleThreadExecutor(
                    task -> {
                        Thread thread = new Thread(task, "simreg-checkpoint");
                        thread.setDaemon(true);
                        return thread;
                    });
    private CompletableFuture<CheckpointWritten> pending = CompletableFuture.completedFuture(null);

    /**
     * @param keep newest files that stay, at least 1
     */
    CheckpointWriter(Path folder, int keep, Trained trained) {
        this.folder = folder;
        this.keep = keep;
        this.trained = trained;
    }

    /** Begins to write; waits for the one before. */
    Optional<CheckpointWritten> write(RunCheckpoint checkpoint) {
        Optional<CheckpointWritten> before = await();
        pending = CompletableFuture.supplyAsync(() -> store(checkpoint), thread);
        return before;
    }

    /** The checkpoint that has been finished since the last call, if any. */
    Optional<CheckpointWritten> poll() {
        return pending.isDone() ? await() : Optional.empty();
    }

    /** Waits for the one under way. */
    Optional<CheckpointWritten> await() {
        try {
            CheckpointWritten written = pending.join();
            pending = CompletableFuture.completedFuture(null);
            return Optional.ofNullable(written);
        } catch (CompletionException e) {
            pending = CompletableFuture.completedFuture(null);
            throw e.getCause() instanceof RuntimeException cause ? cause : e;
        }
    }

    private CheckpointWritten store(RunCheckpoint checkpoint) {
        Path file = folder.resolve(RunCheckpoint.fileName(checkpoint.step()));
        try {
            Files.createDirectories(folder);
            checkpoint.write(file, trained);
            List<Path> files = RunCheckpoint.list(folder);
            for (Path old : files.subList(0, Math.max(0, files.size() - keep))) {
                Files.deleteIfExists(old);
            }
        } catch (IOException e) {
            throw new UserError(
                    "a checkpoint can't be kept in "
                            + folder
                            + ": "
                            + e
                            + "; make the folder writable and continue with --resume",
                    e);
        }
        return CheckpointWritten.newBuilder()
                .setStep(checkpoint.step())
                .setFile(folder.getFileName() + "/" + file.getFileName())
                .setSha256(checkpoint.sha256())
                .build();
    }

    /** Waits for the one under way; how it ended no longer matters to a run that has failed. */
    @Override
    public void close() {
        thread.shutdown();
        pending.handle((written, failure) -> written).join();
    }
}
