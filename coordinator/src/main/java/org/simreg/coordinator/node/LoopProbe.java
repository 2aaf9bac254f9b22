package org.simreg.coordinator.node;

import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A probe of how late an event loop is, for benchmarks: a timer of some milliseconds whose delays
 * are counted and logged. Off unless the system property {@value #PROPERTY} is true.
 */
final class LoopProbe extends VerticleBase {
    static final String PROPERTY = "simreg.loop.probe";

    private static final Logger LOG = LoggerFactory.getLogger(LoopProbe.class);
    private static final long EVERY_MS = 5;
    private static final long LOGGED_MS = 5000;

    private final Map<Long, Integer> ticks = new TreeMap<>();
    private long due;

    private LoopProbe() {}

    /** Begins on every event loop, if it is asked for. */
    static void watch(Vertx vertx) {
        if (Boolean.getBoolean(PROPERTY)) {
            DeploymentOptions all =
                    new DeploymentOptions().setInstances(VertxOptions.DEFAULT_EVENT_LOOP_POOL_SIZE);
            vertx.deployVerticle(LoopProbe::new, all).await();
        }
    }

    @Override
    public Future<?> start() {
        next();
        vertx.setPeriodic(LOGGED_MS, ignored -> say());
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

    private void say() {
        LOG.info(
                "Delays by milliseconds: {}",
                ticks.entrySet().stream()
                        .map(entry -> entry.getKey() + "=" + entry.getValue())
                        .collect(Collectors.joining(" ")));
        ticks.clear();
    }
}
