package org.simreg.coordinator.cli;

import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.file.FileSystemOptions;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.simreg.coordinator.job.JobFile;
import org.simreg.coordinator.status.FinalTable;
import org.simreg.coordinator.status.NeighborGrid;
import org.simreg.coordinator.status.ProgressLine;
import org.simreg.coordinator.status.Report;
import org.simreg.coordinator.status.RunFolder;
import org.simreg.proto.EvaluationDone;
import org.simreg.proto.Job;
import org.simreg.proto.Progress;
import org.simreg.worker.cluster.WorkerVerticle;
import org.simreg.worker.cluster.WorkerVerticle.Assignment;
import org.simreg.worker.distill.WorkerSettings;

/**
 * A cluster of one: coordinator and worker in this JVM. The worker's events go over the event bus
 * to a thread that owns the run folder and the console.
 */
final class EmbeddedRun {
    private static final int CANCELLED = 130;

    private final DistillRequest request;
    private final Job job;
    private final Path folder;
    private final Stop stop;
    private final CompletableFuture<Void> written = new CompletableFuture<>();
    private final ExecutorService writer =
            Executors.newSingleThreadExecutor(task -> new Thread(task, "simreg-run-folder"));
    private Optional<EvaluationDone> examples = Optional.empty();
    private volatile boolean begun;

    EmbeddedRun(DistillRequest request, Stop stop) {
        this.request = request;
        this.stop = stop;
        job = request.job();
        folder = Path.of(job.getCheckpoints().getOutput());
    }

    /**
     * Runs the job to its end.
     *
     * @return exit code
     * @throws org.simreg.proto.UserError if data, weights or run folder can't be used
     */
    int run() {
        boolean whole;
        try (RunFolder run = open();
                ProgressLine console = ProgressLine.console(request.quiet())) {
            whole = attempt(run, console);
        } finally {
            writer.shutdown();
        }
        if (!whole) {
            System.out.println("Stopped; continue with --resume --out " + folder);
            return CANCELLED;
        }
        Path data = Path.of(job.getDataset().getPath());
        Report.write(folder, examples.map(evaluation -> NeighborGrid.of(evaluation, data)));
        System.out.print(FinalTable.text(folder));
        return 0;
    }

    private RunFolder open() {
        return request.resume()
                ? RunFolder.resume(folder)
                : RunFolder.create(folder, JobFile.yaml(job), request.overwrite());
    }

    /**
     * A run that is refused before it begins leaves no folder that stands in the next one's way.
     */
    private boolean attempt(RunFolder run, ProgressLine console) {
        try {
            return train(run, console);
        } catch (RuntimeException e) {
            if (!begun && !request.resume()) {
                run.discard();
            }
            throw e;
        }
    }

    private boolean train(RunFolder run, ProgressLine console) {
        WorkerSettings settings =
                new WorkerSettings(
                        request.device(), request.threads(), request.decodeThreads(), cache());
        WorkerVerticle worker =
                new WorkerVerticle(new Assignment(job, settings, folder, request.resume()));
        Vertx vertx = Vertx.vertx(withoutFiles());
        try {
            vertx.eventBus()
                    .<Buffer>consumer(
                            WorkerVerticle.progressAddress(job.getName()),
                            message ->
                                    writer.execute(
                                            () -> write(message.body(), run, console, worker)));
            stop.whenRequested(worker::cancel);
            vertx.deployVerticle(worker).await();
            // Also of a run that failed, the last events are written before the folder is closed.
            written.handle((done, failure) -> done).join();
            boolean whole = worker.ended().toCompletionStage().toCompletableFuture().join();
            written.join();
            return whole;
        } catch (CompletionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : e;
        } finally {
            vertx.close().toCompletionStage().toCompletableFuture().join();
        }
    }

    /** Nothing is served from the class path, so no cache folder is left behind by a kill. */
    private static VertxOptions withoutFiles() {
        FileSystemOptions files = new FileSystemOptions();
        files.setClassPathResolvingEnabled(false).setFileCachingEnabled(false);
        return new VertxOptions().setFileSystemOptions(files);
    }

    /** On the writer thread; an empty message ends the stream. */
    private void write(Buffer message, RunFolder run, ProgressLine console, WorkerVerticle worker) {
        if (message.length() == 0) {
            written.complete(null);
        } else if (!written.isDone()) {
            try {
                Progress event = Progress.parseFrom(message.getBytes());
                if (event.getEvaluation().getExamplesCount() > 0) {
                    examples = Optional.of(event.getEvaluation());
                }
                begun |= event.hasStarted();
                run.accept(event);
                console.accept(event);
            } catch (RuntimeException | com.google.protobuf.InvalidProtocolBufferException e) {
                written.completeExceptionally(e);
                worker.cancel();
            }
        }
    }

    /** Where the indexes of data sets are kept: below the user's cache folder. */
    private static Path cache() {
        String home = System.getenv("XDG_CACHE_HOME");
        Path base =
                home == null || home.isBlank()
                        ? Path.of(System.getProperty("user.home"), ".cache")
                        : Path.of(home);
        return base.resolve("simreg");
    }
}
