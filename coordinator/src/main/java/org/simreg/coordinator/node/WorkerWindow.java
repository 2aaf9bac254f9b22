package org.simreg.coordinator.node;

import io.vertx.core.Vertx;
import java.util.Map;
import java.util.Optional;
import org.simreg.coordinator.client.Target;
import org.simreg.coordinator.observe.Health;
import org.simreg.coordinator.observe.Meters;
import org.simreg.coordinator.observe.WorkerMeters;
import org.simreg.coordinator.web.OpsRoutes;
import org.simreg.coordinator.web.WebServer;
import org.simreg.worker.cluster.Witness;
import org.simreg.worker.reduce.PeerTransport;

/** The metrics and health of a worker, served by HTTP. */
final class WorkerWindow implements AutoCloseable {
    private final Meters meters = new Meters();
    private final WorkerMeters worker = new WorkerMeters(meters);
    private final Health health = new Health().ready("coordinator", this::away);

    /** Counts what the worker does. */
    Witness witness() {
        return worker;
    }

    private Optional<String> away() {
        return worker.attends()
                ? Optional.empty()
                : Optional.of("this worker does not attend at the coordinator");
    }

    /** Serves HTTP; everything is open by now. */
    WebServer serve(Vertx vertx, Target at, Map<String, PeerTransport> transports) {
        worker.transports(transports);
        health.started();
        return WebServer.listen(
                vertx, at, router -> OpsRoutes.route(vertx, router, meters::scrape, health));
    }

    @Override
    public void close() {
        meters.close();
    }
}
