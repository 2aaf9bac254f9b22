package org.simreg.coordinator.search;

import io.vertx.core.Context;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.ThreadingModel;
import io.vertx.core.VerticleBase;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executor;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The thread of a {@link Library}: everything that touches it runs here, one thing after the other.
 * It may wait for a disk, but never for a network.
 */
public final class SearchVerticle extends VerticleBase {
    private static final Logger LOG = LoggerFactory.getLogger(SearchVerticle.class);
    private static final long ATTENDANCE_MS = 50;
    private static final long TICK_MS = 300;

    private final Function<Executor, Library.Setup> setup;
    private final Supplier<Future<List<Worker>>> workers;
    private final Promise<Context> begun = Promise.promise();
    private Library library;
    private boolean asking;
    private boolean closed;

    /**
     * @param setup made on the verticle's thread, where the executor runs tasks, too
     * @param workers asks who attends and has a way to be asked about searches
     */
    public SearchVerticle(
            Function<Executor, Library.Setup> setup, Supplier<Future<List<Worker>>> workers) {
        this.setup = setup;
        this.workers = workers;
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
        library = new Library(setup.apply(this::run), vertx, new EventBusCrew(vertx));
        library.start();
        begun.complete(context);
        vertx.setPeriodic(ATTENDANCE_MS, ignored -> attend());
        vertx.setPeriodic(TICK_MS, ignored -> library.tick());
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
        begun.future()
                .onSuccess(
                        own ->
                                own.runOnContext(
                                        nothing -> {
                                            if (closed) {
                                                return;
                                            }
                                            try {
                                                task.run();
                                            } catch (RuntimeException e) {
                                                LOG.error("A task about searches failed", e);
                                            }
                                        }));
    }

    /** Asks something on the library's thread; what it throws fails the future. */
    public <T> Future<T> call(Callable<T> question) {
        Promise<T> answer = Promise.promise();
        run(
                () -> {
                    try {
                        answer.complete(question.call());
                    } catch (Exception e) {
                        answer.fail(e);
                    }
                });
        return answer.future();
    }

    /** As {@link #call} for what itself takes a while. */
    public <T> Future<T> ask(Callable<Future<T>> question) {
        return call(question).compose(future -> future);
    }

    /** The library; but for what is for any thread, to be touched on its thread only. */
    public Library library() {
        return library;
    }

    @Override
    public Future<?> stop() {
        closed = true;
        library.close();
        return Future.succeededFuture();
    }
}
