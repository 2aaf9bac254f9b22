package org.simreg.coordinator.cli;

import java.time.Duration;
import org.simreg.coordinator.client.ApiClient;
import org.simreg.coordinator.node.CoordinatorNode;
import org.simreg.coordinator.node.WorkerNode;
import org.simreg.coordinator.observe.ProcessLog;
import org.simreg.coordinator.store.ClusterSettings;

/** {@code simreg coordinator} and {@code simreg worker}: from options to a process that lasts. */
final class ClusterProcess {
    private ClusterProcess() {}

    /**
     * Coordinates until the wish to stop.
     *
     * @return exit code
     */
    static int coordinator(CoordinatorRequest request, Stop stop) {
        log(request.observing(), "");
        CoordinatorNode.Settings settings =
                new CoordinatorNode.Settings(
                        request.port(),
                        request.home(),
                        Version.number(),
                        of(request.cluster()),
                        request.observing().http(),
                        request.scale());
        try (CoordinatorNode node = new CoordinatorNode(settings)) {
            ProcessLog.say(
                    "The coordinator listens on %s:%d; its home is %s"
                            .formatted(request.cluster().host(), node.port(), request.home()));
            request.observing()
                    .http()
                    .ifPresent(at -> ProcessLog.say("Its page is at http://" + at + "/"));
            stop.whenRequested("Stopping; workers train on.", node::stop);
            return node.await();
        }
    }

    /**
     * Works until the coordinator has let the worker go after the wish to stop.
     *
     * @return exit code
     */
    static int worker(WorkerRequest request, Stop stop) {
        log(request.observing(), request.name());
        WorkerNode.Settings settings =
                new WorkerNode.Settings(
                        request.name(),
                        Version.number(),
                        new WorkerNode.Machine(
                                request.device(), request.threads(), request.decodeThreads()),
                        of(request.cluster()),
                        request.observing().http());
        ApiClient coordinator = ApiClient.open(request.coordinator(), Duration.ZERO);
        try (WorkerNode node = new WorkerNode(settings, coordinator)) {
            ProcessLog.say(
                    "Worker %s attends at %s".formatted(request.name(), request.coordinator()));
            stop.whenRequested("Leaving at the end of a step.", node::leave);
            return node.await();
        }
    }

    /** Before anything that logs is loaded. */
    private static void log(Observing observing, String worker) {
        if (observing.jsonLog()) {
            ProcessLog.json(worker);
        }
    }

    private static ClusterSettings of(ClusterAddress address) {
        return new ClusterSettings(
                address.name(), address.host(), address.port(), address.peers(), address.service());
    }
}
