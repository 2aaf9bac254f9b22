package org.simreg.coordinator.cli.node;

import java.time.Duration;
import org.simreg.coordinator.cli.option.StopSignal;
import org.simreg.coordinator.grpc.client.ApiClient;
import org.simreg.coordinator.grpc.client.ClientCredentials;
import org.simreg.coordinator.grpc.client.HostPort;
import org.simreg.coordinator.node.CoordinatorNode;
import org.simreg.coordinator.node.WorkerNode;
import org.simreg.coordinator.view.observe.ProcessLog;
import org.simreg.proto.UserError.BrokenDevice;

/** A process of a cluster, coordinator or worker, that runs until the signal to stop. */
public sealed interface ClusterProcess
        permits ClusterProcess.CoordinatorProcess, ClusterProcess.WorkerProcess, DeviceWorkers {
    /**
     * Runs to the end.
     *
     * @return exit code
     */
    int run(StopSignal stop);

    /**
     * The process of a coordinator.
     *
     * @param jsonLog whether its log lines are JSON
     */
    record CoordinatorProcess(CoordinatorNode.Settings settings, boolean jsonLog) implements ClusterProcess {
        @Override
        public int run(StopSignal stop) {
            log(jsonLog, "");
            try (CoordinatorNode node = new CoordinatorNode(settings)) {
                ProcessLog.say("The coordinator listens on %s:%d; its home is %s"
                        .formatted(settings.cluster().host(), node.port(), settings.home()));
                boolean certified = settings.protection().tls().isPresent();
                settings.http()
                        .ifPresent(at -> ProcessLog.say("Its page is at %s://%s/"
                                .formatted(certified && !at.plain() ? "https" : "http", at.at())));
                stop.whenRequested("Stopping; workers train on.", node::stop);
                return node.await();
            }
        }
    }

    /**
     * The process of a worker; after the signal to stop it ends when the coordinator has let it go.
     *
     * @param coordinator where it attends
     * @param credentials certificates and token that it shows the coordinator and other workers
     * @param jsonLog whether its log lines are JSON
     * @param leaveWithin after the signal to stop it is gone, whatever it has left undone
     */
    record WorkerProcess(
            WorkerNode.Settings settings,
            HostPort coordinator,
            ClientCredentials credentials,
            boolean jsonLog,
            Duration leaveWithin)
            implements ClusterProcess {
        @Override
        public int run(StopSignal stop) {
            log(jsonLog, settings.name());
            ApiClient client = ApiClient.open(coordinator, Duration.ZERO, credentials);
            try (WorkerNode node = new WorkerNode(settings, client)) {
                ProcessLog.say("Worker %s attends at %s".formatted(settings.name(), coordinator));
                stop.patience(leaveWithin.minus(WorkerNode.ENDS));
                stop.whenRequested("Leaving at the end of a step.", () -> node.leave(leaveWithin));
                return node.await();
            } catch (BrokenDevice e) {
                ProcessLog.say("%s (exit code %d)".formatted(e.getMessage(), WorkerNode.AGAIN));
                return WorkerNode.AGAIN;
            }
        }
    }

    /** Sets the log's format; before anything that logs is loaded. */
    private static void log(boolean json, String worker) {
        if (json) {
            ProcessLog.json(worker);
        }
    }
}
