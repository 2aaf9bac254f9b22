package org.simreg.coordinator.cluster;

import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.ThreadingModel;
import io.vertx.core.VerticleBase;
import java.util.concurrent.Callable;
import java.util.concurrent.Executor;
import java.util.function.Function;

/**
 * The thread of a {@link Keeper}: everything that touches it runs here, one thing after the other.
 * It may wait for a disk, but never for a network.
 */
public final class CoordinatorVerticle extends VerticleBase {
    private static final long TICK_MS = 100;

    private final Function<Executor, Keeper> make;
    private final OwnThread thread = new OwnThread("the coordinator");
    private Keeper keeper;

    /**
     * @param make makes the keeper on the verticle's thread, where the executor runs tasks, too;
     *     the verticle starts and closes it
     */
    public CoordinatorVerticle(Function<Executor, Keeper> make) {
        this.make = make;
    }

    /** How it is to be deployed: with a thread of its own. */
    public static DeploymentOptions options() {
        return new DeploymentOptions()
                .setThreadingModel(ThreadingModel.WORKER)
                .setWorkerPoolName("simreg-coordinator")
                .setWorkerPoolSize(1);
    }

    @Override
    public Future<?> start() {
        keeper = make.apply(this::run);
        keeper.start();
        thread.begin(context);
        thread.every(TICK_MS, keeper::tick);
        return Future.succeededFuture();
    }

    /**
     * Runs a task on the keeper's thread; what is given before the start runs after it, what is
     * given after the end never.
     */
    public void run(Runnable task) {
        thread.run(task);
    }

    /** Asks something on the keeper's thread; what it throws fails the future. */
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

    /** The keeper; to be touched on its thread only. */
    public Keeper keeper() {
        return keeper;
    }

    @Override
    public Future<?> stop() {
        // A stream that breaks later must not open a run folder again.
        Future<Void> ended = thread.end();
        keeper.close();
        return ended;
    }
}
