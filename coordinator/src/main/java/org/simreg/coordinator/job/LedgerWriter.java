package org.simreg.coordinator.job;

import java.util.Optional;
import java.util.concurrent.CompletionStage;
import org.simreg.coordinator.job.StepReports.CompleteStep;
import org.simreg.coordinator.job.schedule.JobView;
import org.simreg.proto.Committed;
import org.simreg.proto.EpochDone;
import org.simreg.proto.Generation;
import org.simreg.proto.JobEvent;
import org.simreg.proto.JobStarted;
import org.simreg.proto.LedgerEntry;
import org.simreg.proto.Progress;
import org.simreg.proto.StepDone;
import org.simreg.worker.train.student.StudentRanking;

/**
 * The writer of a running job's ledger: appends a step once every member has reported it (one report is enough where
 * the next generation begins after the step, a checkpoint of it is stored, or it is the last), takes steps back
 * where a generation begins below them, and forces the ledger to disk. Called on the coordinator's thread only; on which
 * thread the file is written, {@link RunFiles} says.
 */
public final class LedgerWriter {
    private static final int LAST_EVENTS = 50;

    private final JobRun run;
    private final RunFiles files;
    private StepReports reports;
    private long checkpoint;
    private long durableStep;
    private long stepMs;
    private StudentRanking ranking;

    /** Begins with what is in the run folder. */
    LedgerWriter(JobRun run) {
        this.run = run;
        this.files = run.files();
        durableStep = files.head().step();
        beginGeneration();
        if (run.active()) {
            endEpoch();
        }
    }

    /** Says that an epoch is done if the coordinator was killed between its last step and saying so. */
    private void endEpoch() {
        long step = step();
        if (step == 0 || !endsEpoch(step)) {
            return;
        }
        Optional<StepDone> last = Optional.empty();
        for (JobEvent event : files.read(Math.max(0, files.nextSequence() - LAST_EVENTS), LAST_EVENTS)) {
            Progress progress = event.getProgress();
            if (progress.hasStep()) {
                last = Optional.of(progress.getStep());
            } else if (progress.hasEpoch()) {
                last = Optional.empty();
            }
        }
        last.filter(told -> told.getStep() == step)
                .ifPresent(told -> run.emit(Progress.newBuilder().setEpoch(epochDone(told.getEpoch(), told))));
    }

    private boolean endsEpoch(long step) {
        JobStarted started = run.record().getStarted();
        return step % Math.max(1, started.getStepsPerEpoch()) == 0 || step == started.getTotalSteps();
    }

    /** Takes the reports of the record's generation from now on. */
    public void beginGeneration() {
        reports = new StepReports(run.record().getGeneration(), files.head().step());
        refreshCheckpoint();
        refreshRanking();
    }

    /** Looks up the newest checkpoint: one was stored, or steps were taken back. */
    public void refreshCheckpoint() {
        checkpoint = files.newestCheckpoint(files.head().step()).orElse(-1);
    }

    /** Ranks the students anew: one was measured, or steps were taken back. */
    public void refreshRanking() {
        ranking = StudentRanking.of(run.record().getJob(), files.evaluations());
    }

    /** The ranking of the students that were measured. */
    public StudentRanking ranking() {
        return ranking;
    }

    /** The last step of the job, as far as is known; 0 before anyone knows. */
    public long lastStep() {
        return ranking.end().orElse(run.record().getStarted().getTotalSteps());
    }

    /** Step of the newest stored checkpoint; -1 if there is none. */
    public long checkpoint() {
        return checkpoint;
    }

    /** Last step in the ledger. */
    public long step() {
        return files.head().step();
    }

    /** Last step up to which every step is in the ledger or reported by some member. */
    public long reported() {
        return reports.reaches(step());
    }

    /** How long the newest step took, in milliseconds; 0 before there was any. */
    public long stepMs() {
        return stepMs;
    }

    /** Last step that no crash of the coordinator's machine takes from the ledger. */
    public long durableStep() {
        return durableStep;
    }

    /** How far the job is, for the scheduler. */
    public JobView.Steps steps() {
        return new JobView.Steps(step(), reported(), Math.max(0, checkpoint), reports.highest(), lastStep());
    }

    /**
     * Takes a report; one of another generation changes nothing.
     *
     * @return what the members disagree about
     */
    public Optional<String> report(String worker, Committed report) {
        if (report.getGeneration() != run.record().getGeneration().getNumber()) {
            return Optional.empty();
        }
        stepMs = Math.round(1e3 * report.getStep().getSeconds());
        Optional<String> differs = reports.report(worker, report, step());
        if (differs.isEmpty()) {
            append(Long.MAX_VALUE, true);
        }
        return differs;
    }

    /**
     * Appends the steps that can go to the ledger.
     *
     * @param most last step to append
     * @param everyMember whether only those that every member has reported: otherwise one report is enough
     */
    public void append(long most, boolean everyMember) {
        for (long step = step() + 1; step <= most; step++) {
            Optional<CompleteStep> complete = reports.complete(step, everyMember);
            if (complete.isEmpty()) {
                break;
            }
            commit(step, complete.get());
        }
        reports.forget(step());
    }

    private void commit(long step, CompleteStep complete) {
        JobStarted started = run.record().getStarted();
        long perEpoch = Math.max(1, started.getStepsPerEpoch());
        int epoch = (int) ((step - 1) / perEpoch) + 1;
        StepDone told = complete.told();
        // The event first: one without its line is taken back when the folder is opened, a line without its event is
        // a step that no client hears of.
        run.emit(Progress.newBuilder().setStep(told));
        files.commit(
                LedgerEntry.Commit.newBuilder()
                        .setStep(step)
                        .setEpoch(epoch)
                        .setGeneration(run.record().getGeneration().getNumber())
                        .setFirstSample((step - 1) % perEpoch * started.getBatch())
                        .setSamples(started.getBatch())
                        .setLoss((float) told.getLoss())
                        .setSha256(complete.sha256())
                        .setDigests(complete.digests())
                        .build(),
                told);
        run.failures().progressed();
        run.stall().progressed().ifPresent(run::notice);
        if (endsEpoch(step)) {
            run.emit(Progress.newBuilder().setEpoch(epochDone(epoch, told)));
        }
    }

    private EpochDone epochDone(int epoch, StepDone last) {
        RunFiles.EpochSum sum = files.sum(epoch);
        return EpochDone.newBuilder()
                .setEpoch(epoch)
                .setLoss(sum.losses() / Math.max(1, sum.steps()))
                .setLr(last.getLr())
                .setSeconds(sum.seconds())
                .setImages(sum.images())
                .build();
    }

    /**
     * Appends or takes back steps, so that the ledger ends where a generation begins. It is to be made durable before any
     * worker hears of that.
     */
    public void moveTo(Generation generation) {
        long step = generation.getStep();
        append(step, false);
        if (step < step()) {
            files.rewind(LedgerEntry.Rewind.newBuilder()
                    .setGeneration(generation.getNumber())
                    .setStep(step)
                    .setReason(generation.getReason())
                    .build());
        }
        if (step != step()) {
            throw new IllegalStateException("generation %d of %s would begin after step %d, but the ledger ends at %d"
                    .formatted(generation.getNumber(), run.id(), step, step()));
        }
    }

    /**
     * Notes in the ledger that the steps from here on are others than those of the job from its start.
     *
     * @param why one sentence
     */
    public void changed(String why) {
        files.rewind(LedgerEntry.Rewind.newBuilder()
                .setGeneration(run.record().getGeneration().getNumber())
                .setStep(step())
                .setReason(why)
                .setChanged(true)
                .build());
    }

    /** Whether the ledger has grown since it was made durable. */
    public boolean hasGrown() {
        return step() != durableStep;
    }

    /**
     * Makes the ledger durable up to its present {@link #step}, on another thread if the disk may be slow; {@link
     * #durable} is to be called with that step when it is done.
     */
    public CompletionStage<Void> syncLater() {
        return files.syncLater();
    }

    /**
     * Notes that the ledger is durable up to a step.
     *
     * @param step the last one when {@link #syncLater} was called
     */
    public void durable(long step) {
        durableStep = step;
    }
}
