package org.simreg.coordinator.job.schedule;

import java.util.List;
import java.util.Optional;
import org.simreg.coordinator.job.schedule.Allotment.Grant;
import org.simreg.coordinator.job.schedule.Phase.HaltReason;
import org.simreg.proto.Generation;

/**
 * A job as the scheduler sees it: all that a decision about it rests on.
 *
 * @param now milliseconds
 * @param phase what goes on
 * @param assignment what the job may have and is to do
 * @param members who is at it
 * @param history what is kept about it
 */
public record JobView(long now, Phase phase, Assignment assignment, List<JobView.Member> members, History history) {
    public JobView {
        members = List.copyOf(members);
    }

    /**
     * The workers that the job may have, and what it is to do.
     *
     * @param grant its workers
     * @param least workers it can't do without
     * @param microBatches of a step
     * @param requestedHalt PAUSE or CANCEL if somebody asked for it
     * @param waits how long to wait for whom
     */
    public record Assignment(
            Grant grant, int least, int microBatches, Optional<HaltReason> requestedHalt, WaitTimes waits) {}

    /**
     * The times that a decision waits, in milliseconds.
     *
     * @param gather for more workers that are about to be ready
     * @param grace for workers that hold what would be lost otherwise
     * @param stopBy until when members may finish a step, by the clock, because one of them has to
     *     go; 0: none has
     */
    public record WaitTimes(long gather, long grace, long stopBy) {}

    /**
     * The kept facts about the job.
     *
     * @param last generation that was issued; number 0 if there was none
     * @param lineage of its generations
     * @param steps how far it is
     * @param trained whether rank 0 has said that all is done
     */
    public record History(Generation last, Lineage lineage, Steps steps, boolean trained) {}

    /**
     * The progress of the job, in steps.
     *
     * @param ledger last step in the ledger
     * @param reported last step that is in the ledger, or follows it without a gap in what members
     *     of the last generation reported
     * @param checkpoint of the newest stored checkpoint; 0 if there is none
     * @param highest last step that a member of the last generation reported
     * @param total of the job; 0 before anyone knows
     */
    public record Steps(long ledger, long reported, long checkpoint, long highest, long total) {}

    /**
     * A worker that serves a job, as the scheduler sees it.
     *
     * @param worker its name
     * @param address where its transport is reached
     * @param state how far it is
     * @param since milliseconds when it came to that state
     * @param wanted whether the job may keep it
     */
    public record Member(String worker, String address, WorkerState state, long since, boolean wanted) {
        /** Whether a generation can begin with it. */
        boolean free() {
            return state instanceof WorkerState.Ready
                    || state instanceof WorkerState.Holding holding && holding.halted();
        }

        /** Whether it trains, as far as is known, in this generation. */
        boolean trains(long generation) {
            return state instanceof WorkerState.Holding holding
                    && holding.generation() == generation
                    && !holding.halted();
        }

        /** Steps of its state; 0 if it holds none. */
        long committed() {
            return state instanceof WorkerState.Holding holding ? holding.committed() : 0;
        }
    }
}
