package org.simreg.coordinator.job.schedule;

import java.util.ArrayList;
import java.util.List;
import org.simreg.proto.JobRecord.Start;

/**
 * The history of a job's generations, by which a worker's state is recognised as one of the job's present run or as one
 * whose steps were taken back. A state at step n of generation g belongs to the run if no later generation began below
 * n: then every later one went on from a state of which the worker's is an ancestor.
 *
 * @param starts generations with the step they began after, oldest first; steps never fall, for a
 *     generation that began above a later one can't have made a state that still counts
 */
public record Lineage(List<Start> starts) {
    /** Older generations are forgotten; a worker that comes back from there is given the state. */
    private static final int MOST = 64;

    public Lineage {
        starts = List.copyOf(starts);
    }

    /** The line after one more generation. */
    public Lineage begun(long generation, long step) {
        List<Start> next = new ArrayList<>(starts);
        while (!next.isEmpty() && next.get(next.size() - 1).getStep() > step) {
            next.remove(next.size() - 1);
        }
        next.add(Start.newBuilder().setGeneration(generation).setStep(step).build());
        return new Lineage(next.subList(Math.max(0, next.size() - MOST), next.size()));
    }

    /**
     * Whether a state is of this line. The state at step 0 is nobody's: everyone can make it.
     *
     * @param generation in which its worker was last
     * @param committed its step
     */
    public boolean holds(long generation, long committed) {
        for (int i = 0; i < starts.size(); i++) {
            if (starts.get(i).getGeneration() == generation) {
                // Below the start it is what the worker had before it was given the state.
                boolean begun = committed > 0 && committed >= starts.get(i).getStep();
                return begun
                        && (i + 1 == starts.size()
                                || committed <= starts.get(i + 1).getStep());
            }
        }
        return false;
    }
}
