package org.simreg.coordinator.view.observe;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.simreg.proto.Report;
import org.simreg.proto.StepDone;
import org.simreg.worker.exchange.mesh.PeerTransport;
import org.simreg.worker.member.generation.WorkerContext;

/** The meters of one worker: its steps, its connection, what it sends and receives. */
public final class WorkerMeters implements WorkerContext.Observer {
    private final MeterRegistry registry;
    private final StepMeters steps;
    private volatile boolean attends;
    private volatile long step;

    public WorkerMeters(Meters meters) {
        registry = meters.registry();
        steps = new StepMeters(meters, "simreg.worker.step", "Steps of this worker, wall time");
        Gauge.builder("simreg.worker.attends", this, me -> me.attends ? 1 : 0)
                .description("1 while the coordinator hears this worker")
                .register(registry);
        Gauge.builder("simreg.worker.committed.step", this, me -> me.step)
                .description("Last step that is part of this worker's weights")
                .register(registry);
    }

    /** Counts what goes between workers, by the transport's name. */
    public void transports(Map<String, PeerTransport> transports) {
        transports.forEach((name, one) -> {
            count("simreg.reduce.sent", "bytes", name, one, PeerTransport::sent);
            count("simreg.reduce.received", "bytes", name, one, PeerTransport::received);
            count("simreg.reduce.refused", "frames", name, one, PeerTransport::refused);
        });
    }

    private void count(
            String name, String unit, String transport, PeerTransport counted, ToDoubleFunction<PeerTransport> value) {
        FunctionCounter.builder(name, counted, value)
                .baseUnit(unit)
                .tag("transport", transport)
                .description("Gradients, sums and state between workers")
                .register(registry);
    }

    /** Whether the coordinator hears this worker. */
    public boolean attends() {
        return attends;
    }

    @Override
    public void attends(boolean now) {
        attends = now;
    }

    @Override
    public void reported(Report report) {
        if (report.hasCommitted()) {
            StepDone done = report.getCommitted().getStep();
            step = done.getStep();
            steps.add(done);
        }
    }
}
