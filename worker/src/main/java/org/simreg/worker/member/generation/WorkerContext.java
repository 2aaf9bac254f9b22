package org.simreg.worker.member.generation;

import java.util.Map;
import org.simreg.proto.Report;
import org.simreg.worker.exchange.mesh.PeerTransport;
import org.simreg.worker.train.LoadedJob;

/**
 * A worker's name, connections and observer, the same for all its jobs.
 *
 * @param worker its name
 * @param opener loads a job
 * @param transports to other workers, by transport
 * @param checkpoints to and from the coordinator
 * @param observer sees what the worker does
 */
public record WorkerContext(
        String worker,
        LoadedJob.Opener opener,
        Map<String, PeerTransport> transports,
        CheckpointStore checkpoints,
        WorkerContext.Observer observer) {
    /** The sink of a worker's reports, in order; any thread may call it, and it returns at once. */
    public interface ReportSink {
        void send(Report.Builder report);
    }

    /** An observer of a worker. Called on the worker's context; must return at once. */
    public interface Observer {
        /** Ignores everything. */
        Observer NONE = new Observer() {
            @Override
            public void attends(boolean now) {}

            @Override
            public void reported(Report report) {}
        };

        /** The coordinator has welcomed the worker, or the stream to it is broken. */
        void attends(boolean now);

        /** What the worker reports of its job, once, in order. */
        void reported(Report report);
    }
}
