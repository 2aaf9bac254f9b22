package org.simreg.coordinator.job.schedule;

import org.simreg.proto.Generation;

/** A decision on what happens next with a job, and why. */
public sealed interface Decision {
    /** Why, in one sentence. */
    String reason();

    /** The decision to change nothing for now. */
    record Wait(String reason) implements Decision {}

    /** The decision that the last generation, all of whose members attend, trains as before. */
    record Continue(String reason) implements Decision {}

    /**
     * The decision to stop the last generation.
     *
     * @param phase what it is halting for from now on
     */
    record Stop(Phase.Halting phase, String reason) implements Decision {}

    /**
     * The decision to begin a generation.
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

    /** The decision to wait for workers: nobody trains, and those the job may keep stay prepared. */
    record AwaitWorkers(Phase.Idle phase, String reason) implements Decision {}

    /** The decision to let all workers of a paused or cancelled job go. */
    record Release(Phase.HaltReason why, String reason) implements Decision {}

    /** The decision that training is over: all steps are done, and every live member has said so. */
    record Complete(String reason) implements Decision {}
}
