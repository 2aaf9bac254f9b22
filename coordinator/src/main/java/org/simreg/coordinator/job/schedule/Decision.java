package org.simreg.coordinator.job.schedule;

import org.simreg.proto.Generation;

/** A decision on what happens next with a job, and why. */
public sealed interface Decision {
    /** Why, in one sentence. */
    String reason();

    /** Nothing happens. */
    record Wait(String reason) implements Decision {}

    /** All members of the last generation attend: it trains as before. */
    record Continue(String reason) implements Decision {}

    /**
     * The last generation stops.
     *
     * @param phase what it is halting for from now on
     */
    record Stop(Phase.Halting phase, String reason) implements Decision {}

    /**
     * A generation begins.
     *
     * @param generation complete
     * @param rewinds whether steps of the ledger are taken back
     * @param then the phase in which it begins: halting at once if it is only for a checkpoint
     */
    record Begin(Generation generation, boolean rewinds, Phase then) implements Decision {
        @Override
        public String reason() {
            return generation.getReason();
        }
    }

    /** Nobody trains; the job waits for workers, and those it may keep stay prepared. */
    record AwaitWorkers(Phase.Idle phase, String reason) implements Decision {}

    /** The job is paused or cancelled, and all its workers are let go. */
    record Release(Phase.HaltReason why, String reason) implements Decision {}

    /** All steps are done and every member that lives has said so. */
    record Complete(String reason) implements Decision {}
}
