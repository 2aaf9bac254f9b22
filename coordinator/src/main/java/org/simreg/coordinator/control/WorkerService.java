package org.simreg.coordinator.control;

import java.util.concurrent.CompletionStage;
import org.simreg.coordinator.job.RunFiles;
import org.simreg.proto.CheckpointHeader;
import org.simreg.proto.Hello;
import org.simreg.proto.Order;
import org.simreg.proto.Refused;
import org.simreg.proto.Report;

/**
 * The service of workers: the port between their streams and the coordinator. Called on the
 * coordinator's own thread, but for the bytes of checkpoints.
 */
public interface WorkerService {
    /**
     * A worker begins to attend; its Welcome is sent before this returns.
     *
     * @throws Refused if its version differs or its name is taken
     */
    In attend(Hello hello, Out orders);

    /**
     * A checkpoint begins to arrive.
     *
     * @throws Refused if its generation is not the job's current one
     */
    RunFiles.Upload put(CheckpointHeader header);

    /**
     * A stored checkpoint.
     *
     * @return fails with {@link Refused} if there is none
     */
    CompletionStage<RunFiles.Download> checkpoint(String job, long step);

    /** The outgoing side of a session: orders to one worker. */
    interface Out {
        /** Sends an order; what can't be sent any more is dropped. */
        void send(Order order);

        /** Ends the stream; the worker reads the reason in its status. */
        void end(Refused reason);
    }

    /** The incoming side of a session: reports of one worker that attends. */
    interface In {
        /** A report other than Hello. */
        void report(Report report);

        /** A report has come, which waits for the coordinator's thread; called on any thread. */
        void heard();

        /** The stream is broken or was closed by the worker. */
        void lost(String reason);
    }
}
