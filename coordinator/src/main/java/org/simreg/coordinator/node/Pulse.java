package org.simreg.coordinator.node;

import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.function.Consumer;

/**
 * A watch for a process that was frozen: stopped by a signal, a suspended machine, a debugger.
 * After some seconds the rest of the cluster has removed it, and only a new start brings it back.
 */
final class Pulse {
    private static final long BEAT_MS = 200;

    /** Hazelcast removes a member after five silent seconds. */
    private static final Duration REMOVED = Duration.ofMillis(4500);

    private long last = System.nanoTime();

    private Pulse() {}

    /**
     * @param frozen told once for how long, on an event loop
     */
    static void watch(Vertx vertx, Consumer<Duration> frozen) {
        Pulse pulse = new Pulse();
        vertx.setPeriodic(
                BEAT_MS,
                timer -> {
                    long now = System.nanoTime();
                    Duration gap = Duration.ofNanos(now - pulse.last);
                    pulse.last = now;
                    if (gap.compareTo(REMOVED) > 0) {
                        vertx.cancelTimer(timer);
                        frozen.accept(gap);
                    }
                });
    }
}
