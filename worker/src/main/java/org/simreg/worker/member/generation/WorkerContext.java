package org.simreg.worker.member.generation;

import java.util.Map;
import org.simreg.proto.Report;
import org.simreg.worker.exchange.mesh.PeerTransport;
import org.simreg.worker.train.LoadedJob;

/**
 * What a worker has for all its jobs.
 *
 * @param worker its name
 * @param opener loads a job
 * @param lanes to other workers, by transport
 * @param checkpoints to and from the coordinator
 * @param witness sees what the worker does
 */
public record WorkerContext(
        String worker,
        LoadedJob.Opener opener,
        Map<String, PeerTransport> lanes,
        CheckpointStore checkpoints,
        WorkerContext.Observer witness) {
    /** Takes what a worker reports, in order; any thread may call it, and it returns at once. */
    public interface ReportSink {
        void send(Report.Builder report);
    }

    /** Sees what a worker does. Called on the worker's context; must return at once. */
    public interface Observer {
        /** Looks away. */
        Observer NONE =
                new Observer() {
                    @Override
                    public void attends(boolean now) {}

                    @Override
                    public void reported(Report report) {}
                };

        /** The coordinator has welcomed the worker, or the line to it is broken. */
        void attends(boolean now);

        /** What the worker reports of its job, once, in order. */
        void reported(Report report);
    }
}
