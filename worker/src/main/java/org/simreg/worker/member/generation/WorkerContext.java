package org.simreg.worker.member.generation;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.simreg.proto.Report;
import org.simreg.worker.base.io.DecodeMarks;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.exchange.mesh.PeerTransport;
import org.simreg.worker.train.LoadedJob;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A worker's name, connections and observer, the same for all its jobs.
 *
 * @param worker its name
 * @param jobs loads a job, and marks what is decoded for it
 * @param transports to other workers, by transport; none for a worker that is always alone
 * @param checkpoints to and from the coordinator
 * @param observer sees what the worker does
 */
public record WorkerContext(
        String worker,
        WorkerContext.Jobs jobs,
        Map<String, PeerTransport> transports,
        CheckpointStore checkpoints,
        WorkerContext.Observer observer) {
    private static final Logger LOG = LoggerFactory.getLogger(WorkerContext.class);

    /** Whether no other worker can ever take a job in its place. */
    boolean isAlone() {
        return transports.isEmpty();
    }

    /**
     * The way a worker loads jobs.
     *
     * @param opener loads one
     * @param marks of the images that are decoded for jobs; none where nothing could be kept
     */
    public record Jobs(LoadedJob.Opener opener, Optional<DecodeMarks> marks) {
        /** With marks below a folder; without them if it can't be written. */
        public static Jobs marked(LoadedJob.Opener opener, Path folder) {
            try {
                return new Jobs(opener, Optional.of(new DecodeMarks(folder)));
            } catch (IOException e) {
                LOG.warn(
                        "{} can't be written ({}): a picture that ends this process won't be found",
                        folder,
                        Disk.reason(e));
                return new Jobs(opener, Optional.empty());
            }
        }
    }

    /** The sink of a worker's reports, in order; any thread may call it. It returns at once, unless very many steps wait. */
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
