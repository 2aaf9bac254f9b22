package org.simreg.coordinator.job;

import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.simreg.coordinator.job.RunFiles.FilesUnavailable;
import org.simreg.proto.JobRecord;

/** The opening of a job's run folder on another thread: once for all who ask meanwhile. Used on the coordinator's thread. */
final class FolderOpening {
    private final RunFiles.JobFolders folders;
    private final Executor executor;
    private Optional<Begun> begun = Optional.empty();

    /** An opening that is not over, and its end on the coordinator's thread. */
    private record Begun(CompletableFuture<RunFiles> files, CompletableFuture<Void> end) {}

    /**
     * @param executor runs tasks on the coordinator's thread
     */
    FolderOpening(RunFiles.JobFolders folders, Executor executor) {
        this.folders = folders;
        this.executor = executor;
    }

    /**
     * Begins, unless that was done.
     *
     * @param open takes the files
     * @param hangs takes why they can't be had for now
     * @return when one of them has been told, or the folder can't be opened
     */
    CompletableFuture<Void> begin(JobRecord record, Consumer<RunFiles> open, Consumer<FilesUnavailable> hangs) {
        if (begun.isPresent()) {
            return begun.get().end;
        }
        CompletableFuture<RunFiles> files = folders.openInTime(record).toCompletableFuture();
        if (files.isDone()) {
            return files.handle((made, failure) -> end(made, failure, open, hangs));
        }
        CompletableFuture<Void> end = files.handleAsync(
                (made, failure) -> {
                    begun = Optional.empty();
                    return end(made, failure, open, hangs);
                },
                executor);
        begun = Optional.of(new Begun(files, end));
        return end;
    }

    private static Void end(
            RunFiles made, Throwable failure, Consumer<RunFiles> open, Consumer<FilesUnavailable> hangs) {
        if (failure == null) {
            open.accept(made);
            return null;
        }
        RuntimeException cause = cause(failure);
        if (cause instanceof FilesUnavailable hang) {
            hangs.accept(hang);
        }
        throw cause;
    }

    /** Throws what an opening has failed with, if it has. */
    static void throwFailure(CompletableFuture<Void> opening) {
        if (opening.isCompletedExceptionally()) {
            throw opening.handle((done, failure) -> cause(failure)).join();
        }
    }

    private static RuntimeException cause(Throwable failure) {
        Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
        return cause instanceof RuntimeException known ? known : new IllegalStateException(cause);
    }

    /** Gives back what is opened too late; nobody is told any more. */
    void close() {
        begun.ifPresent(one -> one.files.thenAccept(RunFiles::close));
    }
}
