package org.simreg.coordinator.node;

import io.vertx.core.Vertx;
import java.util.Map;
import java.util.Optional;
import org.simreg.coordinator.grpc.client.HostPort;
import org.simreg.coordinator.view.observe.Health;
import org.simreg.coordinator.view.observe.Meters;
import org.simreg.coordinator.view.observe.WorkerMeters;
import org.simreg.coordinator.view.web.OpsRoutes;
import org.simreg.coordinator.view.web.WebServer;
import org.simreg.worker.exchange.mesh.PeerTransport;
import org.simreg.worker.member.generation.WorkerContext;

/** The metrics and health of a worker, served by HTTP. */
final class WorkerObservability implements AutoCloseable {
    private final Meters meters = new Meters();
    private final WorkerMeters worker = new WorkerMeters(meters);
    private final Health health = new Health().ready("coordinator", this::away);

    /** The observer that counts what the worker does. */
    WorkerContext.Observer observer() {
        return worker;
    }

    private Optional<String> away() {
        return worker.attends()
                ? Optional.empty()
                : Optional.of("this worker does not attend at the coordinator");
    }

    /** Serves HTTP; everything is open by now. */
    WebServer serve(Vertx vertx, HostPort at, Map<String, PeerTransport> transports) {
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
