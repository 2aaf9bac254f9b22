package org.simreg.coordinator.node;

import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A timer that finds out that the process was frozen: stopped by a signal, a suspended machine, a
 * debugger. After some seconds the rest of the cluster has removed it, and only a new start brings
 * it back.
 */
final class ProcessWatch {
    private static final long INTERVAL_MS = 200;

    /** Hazelcast removes a member after ten silent seconds. */
    private static final Duration REMOVED = Duration.ofMillis(9500);

    private long last = System.nanoTime();

    private ProcessWatch() {}

    /**
     * Begins, and with it the {@link LoopProbe}s where they are asked for.
     *
     * @param frozen told once for how long, on an event loop
     */
    static void watch(Vertx vertx, Consumer<Duration> frozen) {
        LoopProbe.deploy(vertx);
        ProcessWatch watch = new ProcessWatch();
        vertx.setPeriodic(INTERVAL_MS, timer -> {
            long now = System.nanoTime();
            Duration gap = Duration.ofNanos(now - watch.last);
            watch.last = now;
            if (gap.compareTo(REMOVED) > 0) {
                vertx.cancelTimer(timer);
                frozen.accept(gap);
            }
        });
    }

    /**
     * A probe of how late an event loop is, for benchmarks: a timer of 5 milliseconds whose delays
     * are counted and logged. Off unless the system property {@value #PROPERTY} is true.
     */
    private static final class LoopProbe extends VerticleBase {
        static final String PROPERTY = "simreg.loop.probe";

        private static final Logger LOG = LoggerFactory.getLogger(LoopProbe.class);
        private static final long EVERY_MS = 5;
        private static final long LOGGED_MS = 5000;

        private final Map<Long, Integer> ticks = new TreeMap<>();
        private long due;

        private LoopProbe() {}

        /** Begins on every event loop, if the property asks for it. */
        static void deploy(Vertx vertx) {
            if (Boolean.getBoolean(PROPERTY)) {
                DeploymentOptions all = new DeploymentOptions().setInstances(VertxOptions.DEFAULT_EVENT_LOOP_POOL_SIZE);
                vertx.deployVerticle(LoopProbe::new, all).await();
            }
        }

        @Override
        public Future<?> start() {
            next();
            vertx.setPeriodic(LOGGED_MS, ignored -> log());
            return Future.succeededFuture();
        }

        private void next() {
            due = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(EVERY_MS);
            vertx.setTimer(EVERY_MS, ignored -> tick());
        }

        private void tick() {
            long late = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - due);
            ticks.merge(Math.max(0, late), 1, Integer::sum);
            next();
        }

        private void log() {
            LOG.info(
                    "Delays by milliseconds: {}",
                    ticks.entrySet().stream()
                            .map(entry -> entry.getKey() + "=" + entry.getValue())
                            .collect(Collectors.joining(" ")));
            ticks.clear();
        }
    }
}
