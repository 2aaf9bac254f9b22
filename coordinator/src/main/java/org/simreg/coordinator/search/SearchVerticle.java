package org.simreg.coordinator.search;

import io.vertx.core.Context;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.ThreadingModel;
import io.vertx.core.VerticleBase;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.Function;
import java.util.function.Supplier;
import org.simreg.coordinator.cluster.OwnThread;

/**
 * The thread of a {@link Library}: everything that touches it runs here, one thing after the other.
 * It may wait for a disk, but never for a network.
 */
public final class SearchVerticle extends VerticleBase {
    private static final long ATTENDANCE_MS = 50;
    private static final long TICK_MS = 300;

    private final Function<Executor, Library.Setup> setup;
    private final Supplier<Future<List<Worker>>> workers;
    private final Context wire;
    private final OwnThread thread = new OwnThread("the banks");
    private Library library;
    private boolean asking;

    /**
     * @param setup made on the verticle's thread, where the executor runs tasks, too
     * @param workers asks who attends and has a way to be asked about searches
     * @param wire an event loop's, by which they are asked
     */
    public SearchVerticle(
            Function<Executor, Library.Setup> setup,
            Supplier<Future<List<Worker>>> workers,
            Context wire) {
        this.setup = setup;
        this.workers = workers;
        this.wire = wire;
    }

    /** How it is to be deployed: with a thread of its own. */
    public static DeploymentOptions options() {
        return new DeploymentOptions()
                .setThreadingModel(ThreadingModel.WORKER)
                .setWorkerPoolName("simreg-library")
                .setWorkerPoolSize(2);
    }

    @Override
    public Future<?> start() {
        library = new Library(setup.apply(this::run), vertx, new EventBusCrew(wire, this::run));
        library.start();
        thread.begin(context);
        thread.every(ATTENDANCE_MS, this::attend);
        thread.every(TICK_MS, library::tick);
        return Future.succeededFuture();
    }

    private void attend() {
        if (asking) {
            return;
        }
        asking = true;
        workers.get()
                .onComplete(
                        all ->
                                run(
                                        () -> {
                                            asking = false;
                                            if (all.succeeded()) {
                                                library.attend(all.result());
                                            }
                                        }));
    }

    /** Runs a task on the library's thread; what is given after the end never runs. */
    public void run(Runnable task) {
        thread.run(task);
    }

    /** The library; but for what is for any thread, to be touched on its thread only. */
    public Library library() {
        return library;
    }

    @Override
    public Future<?> stop() {
        Future<Void> ended = thread.end();
        library.close();
        return ended;
    }
}
