package org.simreg.coordinator.cluster;

import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.ThreadingModel;
import io.vertx.core.VerticleBase;
import java.util.concurrent.Callable;
import java.util.concurrent.Executor;

/**
 * The keeper on its thread: one worker thread of its own, on which an fsync may block, runs what
 * services and timers bring, one after the other.
 */
public final class CoordinatorVerticle extends VerticleBase {
    private static final int TICK_MS = 100;

    private final Maker maker;
    private Keeper keeper;

    /** Makes the keeper, on its thread. */
    public interface Maker {
        /**
         * @param executor runs tasks on the keeper's thread
         */
        Keeper make(Executor executor);
    }

    public CoordinatorVerticle(Maker maker) {
        this.maker = maker;
    }

    /** How it is to be deployed. */
    public static DeploymentOptions options() {
        return new DeploymentOptions()
                .setThreadingModel(ThreadingModel.WORKER)
                .setWorkerPoolName("simreg-coordinator")
                .setWorkerPoolSize(1);
    }

    @Override
    public Future<?> start() {
        keeper = maker.make(executor());
        keeper.start();
        vertx.setPeriodic(TICK_MS, ignored -> keeper.tick());
        return Future.succeededFuture();
    }

    /** Runs tasks on the keeper's thread, in the order in which they are given. */
    public Executor executor() {
        return task -> context.runOnContext(ignored -> task.run());
    }

    /** The keeper, to be used on its thread only; there once this is deployed. */
    public Keeper keeper() {
        return keeper;
    }

    /** Computes something on the keeper's thread. */
    public <T> Future<T> call(Callable<T> task) {
        io.vertx.core.Promise<T> result = io.vertx.core.Promise.promise();
        context.runOnContext(
                ignored -> {
                    try {
                        result.complete(task.call());
                    } catch (Exception e) {
                        result.fail(e);
                    }
                });
        return result.future();
    }

    @Override
    public Future<?> stop() {
        keeper.close();
        return Future.succeededFuture();
    }
}
