package org.simreg.coordinator.run.audit;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.simreg.coordinator.job.file.JobFile;
import org.simreg.coordinator.run.log.EventLog;
import org.simreg.proto.GenerationBegun;
import org.simreg.proto.JobFinished;
import org.simreg.proto.JobStarted;
import org.simreg.proto.LedgerEntry;
import org.simreg.proto.LedgerEntry.Commit;
import org.simreg.proto.Progress;
import org.simreg.proto.UserError;

/**
 * The plan that a ledger must fit: what its run's settings and events say of it.
 *
 * @param batch samples of a step; 0 if unknown
 * @param stepsPerEpoch 0 if unknown
 * @param images in the train part; 0 if unknown
 * @param steps of the whole job; 0 if unknown
 * @param digestSteps a digest is due every so many steps; 0: only at the end; -1 if unknown
 * @param members of each generation
 * @param checkpoints steps of which one was stored at some time
 * @param finished where it ended; the default if it has not
 * @param epochs steps of an epoch by the step after which they hold: a run may go on with other images
 */
record AuditPlan(
        long batch,
        long stepsPerEpoch,
        long images,
        long steps,
        long digestSteps,
        Map<Long, Integer> members,
        NavigableSet<Long> checkpoints,
        JobFinished finished,
        NavigableMap<Long, Long> epochs) {

    /** The part of a plan that stands in the events, gathered one by one. */
    private static final class EventFacts {
        private final Map<Long, Integer> members = new HashMap<>();
        private final NavigableSet<Long> checkpoints = new TreeSet<>();
        private final NavigableMap<Long, Long> epochs = new TreeMap<>();
        private JobStarted started = JobStarted.getDefaultInstance();
        private JobFinished finished = JobFinished.getDefaultInstance();

        void add(Progress event) {
            switch (event.getEventCase()) {
                case STARTED -> started = event.getStarted();
                case CHECKPOINT -> checkpoints.add(event.getCheckpoint().getStep());
                case FINISHED -> finished = event.getFinished();
                case GENERATION -> begun(event.getGeneration());
                default -> {}
            }
        }

        private void begun(GenerationBegun generation) {
            members.put(generation.getNumber(), generation.getWorkersCount());
            epochs.tailMap(generation.getStep(), true).clear();
            epochs.put(generation.getStep(), started.getStepsPerEpoch());
        }
    }

    /**
     * Reads settings and events of a run folder; what they lack is unknown.
     *
     * @throws UserError if settings or events can't be read
     */
    static AuditPlan read(Path folder) {
        EventFacts facts = new EventFacts();
        EventLog.read(folder, facts::add);
        Path job = folder.resolve(JobFile.NAME);
        return new AuditPlan(
                facts.started.getBatch(),
                facts.started.getStepsPerEpoch(),
                facts.started.getTrainImages(),
                facts.started.getTotalSteps(),
                Files.exists(job) ? JobFile.read(job).getCheckpoints().getDigestSteps() : -1,
                Map.copyOf(facts.members),
                facts.checkpoints,
                facts.finished,
                facts.epochs);
    }

    /** The batch and the length of an epoch as the entries of a ledger show them. */
    static final class Shape {
        private long batch;
        private long stepsPerEpoch;

        void add(LedgerEntry entry) {
            Commit commit = entry.getCommit();
            batch = batch == 0 ? commit.getSamples() : batch;
            if (stepsPerEpoch == 0 && commit.getEpoch() > 1 && commit.getFirstSample() == 0) {
                stepsPerEpoch = (commit.getStep() - 1) / (commit.getEpoch() - 1);
            }
        }
    }

    /**
     * This plan, with what it lacks taken from the ledger, which is then checked against itself.
     */
    AuditPlan or(Shape shape) {
        return new AuditPlan(
                batch > 0 ? batch : shape.batch,
                stepsPerEpoch > 0 ? stepsPerEpoch : shape.stepsPerEpoch,
                images,
                steps,
                digestSteps,
                members,
                checkpoints,
                finished,
                epochs);
    }

    /** Epoch of a step, from 1. */
    long epoch(long step) {
        long length = epochSteps(step);
        return length == 0 ? 1 : (step - 1) / length + 1;
    }

    private long epochSteps(long step) {
        Map.Entry<Long, Long> entry = epochs.floorEntry(step - 1);
        return entry == null || entry.getValue() == 0 ? stepsPerEpoch : entry.getValue();
    }

    /** First place of a step in its epoch's order. */
    long firstSample(long step) {
        long length = epochSteps(step);
        return (length == 0 ? step - 1 : (step - 1) % length) * batch;
    }

    /**
     * Whether a checkpoint explains that a step came into the ledger before all members had
     * reported it: before a checkpoint is stored, the ledger is brought to its step.
     *
     * @param next step that all members had reported again
     */
    boolean broughtForward(long step, long next) {
        Long checkpoint = checkpoints.ceiling(step);
        return checkpoint != null && checkpoint < next;
    }

    /** Whether all members must have compared their state after a step. */
    boolean digestDue(long step) {
        return (digestSteps > 0 && step % digestSteps == 0) || (steps > 0 && step == steps);
    }
}
