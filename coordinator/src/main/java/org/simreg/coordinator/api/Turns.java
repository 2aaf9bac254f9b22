package org.simreg.coordinator.api;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/**
 * The tasks of one call: one after the other in the order in which they are given, each on the
 * executor it asks for. After the first failure, or the end, no task runs any more.
 */
final class Turns {
    private final Consumer<Throwable> failed;
    private final AtomicBoolean over = new AtomicBoolean();
    private CompletableFuture<Void> last = CompletableFuture.completedFuture(null);

    /**
     * @param failed takes the first failure, also that of an executor that takes no tasks any more
     */
    Turns(Consumer<Throwable> failed) {
        this.failed = failed;
    }

    synchronized void then(Executor where, Runnable task) {
        last =
                last.thenRunAsync(
                        () -> {
                            if (!over.get()) {
                                task.run();
                            }
                        },
                        where);
        last.exceptionally(this::fail);
    }

    /**
     * Ends the tasks.
     *
     * @return true the first time
     */
    boolean end() {
        return over.compareAndSet(false, true);
    }

    private Void fail(Throwable failure) {
        if (end()) {
            failed.accept(failure);
        }
        return null;
    }
}
