package org.simreg.coordinator.schedule;

import java.util.List;
import java.util.Optional;
import org.simreg.coordinator.schedule.Allotment.Grant;
import org.simreg.proto.Generation;

/**
 * All that a decision about one job rests on.
 *
 * @param now milliseconds
 * @param phase what goes on
 * @param ask what the job may have and is to do
 * @param members who is at it
 * @param known what is kept about it
 */
public record View(long now, Phase phase, Ask ask, List<Member> members, Known known) {
    public View {
        members = List.copyOf(members);
    }

    /**
     * What the job may have and is to do.
     *
     * @param grant its workers
     * @param least workers it can't do without
     * @param microBatches of a step
     * @param aim PAUSE or CANCEL if somebody asked for it
     * @param patience how long to wait for whom
     */
    public record Ask(
            Grant grant, int least, int microBatches, Optional<Aim> aim, Patience patience) {}

    /**
     * How long a decision waits, in milliseconds.
     *
     * @param gather for more workers that are about to be ready
     * @param grace for workers that hold what would be lost otherwise
     * @param hurry until when members may finish a step, by the clock, because one of them has to
     *     go; 0: none has
     */
    public record Patience(long gather, long grace, long hurry) {}

    /**
     * What is kept about the job.
     *
     * @param last generation that was issued; number 0 if there was none
     * @param lineage of its generations
     * @param steps how far it is
     * @param trained whether rank 0 has said that all is done
     */
    public record Known(Generation last, Lineage lineage, Steps steps, boolean trained) {}

    /**
     * How far the job is.
     *
     * @param ledger last step in the ledger
     * @param reported last step that is in the ledger, or follows it without a gap in what members
     *     of the last generation reported
     * @param checkpoint of the newest stored checkpoint; 0 if there is none
     * @param highest last step that a member of the last generation reported
     * @param total of the job; 0 before anyone knows
     */
    public record Steps(long ledger, long reported, long checkpoint, long highest, long total) {}
}
