package org.simreg.coordinator.node;

import io.vertx.core.Context;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.ThreadingModel;
import io.vertx.core.VerticleBase;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.simreg.coordinator.search.query.Timers;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A verticle whose thread owns one object: all tasks that touch it run there, one after the other.
 * They may wait for a disk, but never for a network. A task given before the verticle is deployed
 * runs after that; one given after its end never runs; one that fails is logged.
 *
 * @param <T> what is owned; closed at the end
 */
final class OwnerVerticle<T extends AutoCloseable> extends VerticleBase implements Executor, Timers {
    private static final Logger LOG = LoggerFactory.getLogger(OwnerVerticle.class);

    private final String name;
    private final Function<OwnerVerticle<T>, T> make;
    private final Promise<Context> started = Promise.promise();
    private final List<Long> periodic = new ArrayList<>();
    private T owned;
    private boolean ended;

    /**
     * @param name of the thread
     * @param make makes the object on that thread
     */
    OwnerVerticle(String name, Function<OwnerVerticle<T>, T> make) {
        this.name = name;
        this.make = make;
    }

    /** Options for its deployment: with a thread of its own. */
    DeploymentOptions options() {
        return new DeploymentOptions()
                .setThreadingModel(ThreadingModel.WORKER)
                .setWorkerPoolName(name)
                .setWorkerPoolSize(1);
    }

    @Override
    public Future<?> start() {
        owned = make.apply(this);
        started.complete(context);
        return Future.succeededFuture();
    }

    /** The object; other threads may only touch what is safe for all. */
    T owned() {
        return owned;
    }

    /** Runs a task on the thread; any thread may call this. */
    @Override
    public void execute(Runnable task) {
        started.future().onSuccess(own -> queue(own, task));
    }

    private synchronized void queue(Context own, Runnable task) {
        if (!ended) {
            own.runOnContext(nothing -> unlessEnded(task));
        }
    }

    /** Runs a request on the thread; what it throws fails the future. Any thread may call this. */
    <R> Future<R> call(Function<T, R> request) {
        Promise<R> answer = Promise.promise();
        execute(() -> {
            try {
                answer.complete(request.apply(owned));
            } catch (RuntimeException e) {
                answer.fail(e);
            }
        });
        return answer.future();
    }

    /** Runs a task every so often until the end; to be called on the thread. */
    void every(long milliseconds, Runnable task) {
        periodic.add(vertx.setPeriodic(milliseconds, id -> unlessEnded(task)));
    }

    @Override
    public Runnable after(long milliseconds, Runnable task) {
        long timer = vertx.setTimer(Math.max(1, milliseconds), id -> unlessEnded(task));
        return () -> vertx.cancelTimer(timer);
    }

    @Override
    public long now() {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime());
    }

    private void unlessEnded(Runnable task) {
        if (ended()) {
            return;
        }
        try {
            task.run();
        } catch (RuntimeException e) {
            LOG.error("A task of {} failed", name, e);
        }
    }

    private synchronized boolean ended() {
        return ended;
    }

    /**
     * Runs nothing any more, then closes the object: a stream that breaks later must not wake it.
     *
     * @return done when the queue is empty: Vert.x throws at tasks that are still in it when the
     *     verticle is gone
     */
    @Override
    public Future<?> stop() throws Exception {
        Promise<Void> empty = Promise.promise();
        synchronized (this) {
            ended = true;
            periodic.forEach(vertx::cancelTimer);
            context.runOnContext(empty::complete);
        }
        owned.close();
        return empty.future();
    }
}
