package org.simreg.coordinator.view.observe;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.jvm.ClassLoaderMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.netty4.NettyAllocatorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufAllocatorMetricProvider;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.IntSupplier;

/** The registry of a process's meters, shown in Prometheus' text format. Any thread may use it. */
public final class Meters implements AutoCloseable {
    /** The content type of {@link #scrape}. */
    public static final String CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

    private static final Path STATUS = Path.of("/proc/self/status");
    private static final Duration[] STEPS = {
        Duration.ofMillis(10),
        Duration.ofMillis(30),
        Duration.ofMillis(100),
        Duration.ofMillis(300),
        Duration.ofSeconds(1),
        Duration.ofSeconds(3),
        Duration.ofSeconds(10),
        Duration.ofSeconds(30)
    };
    private static final Duration[] SHORT = {
        Duration.ofMillis(1),
        Duration.ofMillis(2),
        Duration.ofMillis(5),
        Duration.ofMillis(10),
        Duration.ofMillis(20),
        Duration.ofMillis(50),
        Duration.ofMillis(100),
        Duration.ofMillis(200),
        Duration.ofMillis(500),
        Duration.ofSeconds(1),
        Duration.ofSeconds(5)
    };

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final JvmGcMetrics collections = new JvmGcMetrics();

    /** Begins with the meters of JVM, Netty and process. */
    public Meters() {
        new JvmMemoryMetrics().bindTo(registry);
        new JvmThreadMetrics().bindTo(registry);
        new ClassLoaderMetrics().bindTo(registry);
        new ProcessorMetrics().bindTo(registry);
        new UptimeMetrics().bindTo(registry);
        collections.bindTo(registry);
        if (ByteBufAllocator.DEFAULT instanceof ByteBufAllocatorMetricProvider netty) {
            new NettyAllocatorMetrics(netty).bindTo(registry);
        }
        Gauge.builder("simreg.memory.resident", Meters::resident)
                .baseUnit("bytes")
                .description("Memory of the process that is in RAM: heap, libtorch and buffers")
                .register(registry);
        Gauge.builder("simreg.memory.heap", Meters::heap)
                .baseUnit("bytes")
                .description("Java heap in use")
                .register(registry);
    }

    /** Bytes of this process that are in RAM; NaN where the system doesn't tell. */
    private static double resident() {
        try {
            return resident(Files.readAllLines(STATUS));
        } catch (IOException e) {
            return Double.NaN;
        }
    }

    /** Of lines such as "VmRSS: 1154672 kB". */
    static double resident(List<String> status) {
        for (String line : status) {
            if (line.startsWith("VmRSS:")) {
                return 1024 * Double.parseDouble(line.replaceAll("[^0-9]", ""));
            }
        }
        return Double.NaN;
    }

    private static double heap() {
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }

    /** The registry, for further meters. */
    public MeterRegistry registry() {
        return registry;
    }

    /** The wanted number of workers, asked at every scrape; must answer at once. */
    public void wanted(IntSupplier workers) {
        Gauge.builder("simreg.workers.wanted", workers, IntSupplier::getAsInt)
                // Nobody else holds on to it.
                .strongReference(true)
                .description("Workers that the queue can use, within the bounds of scaling")
                .register(registry);
    }

    /** A timer of searches of feature banks. */
    public Timer searches() {
        return timer("simreg.search", "Searches of feature banks, from request to answer", SHORT);
    }

    /** A timer of a coordinator's rounds. */
    Timer ticks() {
        return timer("simreg.tick", "Rounds of the coordinator over all jobs and workers, ten a second", SHORT);
    }

    /** A timer of steps. */
    Timer steps(String name, String what) {
        return timer(name, what, STEPS);
    }

    private Timer timer(String name, String what, Duration[] bounds) {
        return Timer.builder(name)
                .description(what)
                .serviceLevelObjectives(bounds)
                .register(registry);
    }

    /** All meters, as {@link #CONTENT_TYPE}; takes milliseconds, so not for an event loop. */
    public String scrape() {
        return registry.scrape();
    }

    @Override
    public void close() {
        collections.close();
        registry.close();
    }
}
