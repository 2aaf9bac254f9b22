package org.simreg.coordinator.control;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.simreg.coordinator.job.RunFiles;
import org.simreg.proto.CheckpointHeader;
import org.simreg.proto.CheckpointWritten;
import org.simreg.proto.Committed;
import org.simreg.proto.EvaluationDone;
import org.simreg.proto.Generation;
import org.simreg.proto.Generation.Measurement;
import org.simreg.proto.Measured;
import org.simreg.proto.Refused;
import org.simreg.proto.Report;
import org.simreg.proto.StepDone;
import org.simreg.proto.Trained;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.Shortage;

/** A worker that answers as a real one must, without computing. */
final class FakeWorker extends FakeMember {
    double lossError;
    String sha = "sha";
    boolean isolated;
    long stepMs = 40;

    /** What a teacher's features of a micro-batch take; 0: it has nothing to be helped with. */
    long teacherMs;

    private Generation measures = Generation.getDefaultInstance();
    private long measuresAt;

    /** Begins no step, until it is halted. */
    boolean evaluates;

    FakeWorker(World world, String name) {
        super(world, name);
    }

    @Override
    void go() {
        if (halted || !loaded || job.isEmpty()) {
            return;
        }
        Generation mine = generation;
        if (committed() >= total()) {
            end(mine);
            return;
        }
        if (done()) {
            stop();
            return;
        }
        if (evaluates || first(mine) && measuring(mine)) {
            return;
        }
        long step = committed() + 1;
        later(world.some((int) stepMs), () -> {
            if (generation == mine && !halted && committed() + 1 == step) {
                give(mine, step);
                collect(mine, step, 0);
            }
        });
    }

    private void give(Generation mine, long step) {
        if (!isolated) {
            world.rounds(job, mine.getNumber()).give(name, step);
        }
    }

    /** Waits for the others; where one is dead it may get the mean in spite of it, or not. */
    private void collect(Generation mine, long step, int tries) {
        if (generation != mine || halted || committed() + 1 != step) {
            return;
        }
        boolean whole = world.rounds(job, mine.getNumber()).whole(step, mine.getMembersCount());
        if (whole && (tries > 0 || world.random.nextInt(10) > 0)) {
            commit(mine, step);
        } else if (tries > 60) {
            world.say(name + " gives up step " + step);
            stop();
        } else {
            later(world.some(20) + (whole ? 300 : 10L * tries), () -> collect(mine, step, tries + 1));
        }
    }

    private void commit(Generation mine, long step) {
        List<Long> next = new ArrayList<>(state.orElseThrow());
        next.add(mine.getNumber());
        assertEquals(step, next.size());
        state = Optional.of(List.copyOf(next));
        long digest = settings.orElseThrow().getCheckpoints().getDigestSteps();
        boolean due = digest > 0 && step % digest == 0 || step == total();
        Report report = Report.newBuilder()
                .setCommitted(Committed.newBuilder()
                        .setJob(job)
                        .setGeneration(mine.getNumber())
                        .setSha256(due ? sha + step : "")
                        .setStep(StepDone.newBuilder()
                                .setStep(step)
                                .setEpoch((int) (step - 1) / STEPS_PER_EPOCH + 1)
                                .setImages(batch())
                                .setSeconds((stepMs + teacherMs * share()) / 1e3)
                                .setTeacherSeconds(teacherMs * share() / 1e3)
                                .setFeatures(share())
                                .setFeatureSeconds(teacherMs / 1e3)
                                .setLoss(1.0 / step + lossError)))
                .build();
        kept.put(step, report);
        send(report.toBuilder());
        long every = settings.orElseThrow().getCheckpoints().getEverySteps();
        if (first(mine) && every > 0 && step % every == 0 && !storing) {
            store(mine, () -> {});
        }
        go();
    }

    private int share() {
        return self().map(Generation.Member::getCount).orElse(0);
    }

    private boolean first(Generation mine) {
        return mine.getMembers(0).getWorker().equals(name);
    }

    @Override
    void store(Generation mine, Runnable then) {
        storing = true;
        List<Long> snapshot = state.orElseThrow();
        later(world.some(100), () -> put(mine, snapshot, then));
    }

    private void put(Generation mine, List<Long> snapshot, Runnable then) {
        if (!job.equals(mine.getJob())) {
            return;
        }
        if (world.running().isEmpty()) {
            later(200, () -> put(mine, snapshot, then));
            return;
        }
        CheckpointHeader header = CheckpointHeader.newBuilder()
                .setJob(job)
                .setGeneration(mine.getNumber())
                .setStep(snapshot.size())
                .build();
        RunFiles.Upload upload;
        try {
            upload = world.coordinator().put(header);
            upload.finish();
        } catch (Refused | UserError refused) {
            unstored(mine, snapshot, refused, then);
            return;
        }
        CompletionStage<CheckpointWritten> stored;
        try {
            stored = upload.store();
        } catch (Refused | UserError refused) {
            stored = CompletableFuture.failedFuture(refused);
        }
        MemoryFiles files = world.files(mine.getJob());
        stored.whenComplete((written, failure) -> {
            upload.close();
            // It may be there though saying so has failed, or the worker is gone by now.
            if (files.checkpoints.get(header.getStep()) == header) {
                files.states.put(header.getStep(), snapshot);
            }
            later(1, () -> {
                if (failure == null) {
                    storing = false;
                    then.run();
                } else {
                    Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
                    unstored(mine, snapshot, cause, then);
                }
            });
        });
    }

    private void unstored(Generation mine, List<Long> snapshot, Throwable why, Runnable then) {
        boolean later = why instanceof Refused refused
                ? refused.kind() == Refused.Kind.UNAVAILABLE
                : Shortage.in(why).isPresent();
        if (later) {
            later(100, () -> put(mine, snapshot, then));
        } else {
            storing = false;
            then.run();
        }
    }

    /** All steps are done: rank 0 measures, stores, and says so; the others wait to be dropped. */
    private void end(Generation mine) {
        if (!first(mine)) {
            waitForEnd(mine);
            return;
        }
        later(world.some(100), () -> {
            if (generation != mine || halted) {
                return;
            }
            measure(mine);
            store(mine, () -> trained(mine));
        });
    }

    /**
     * Whether this member measures its student, or waits for the coordinator to have heard of it. A job with patience
     * is measured after each epoch.
     */
    private boolean measuring(Generation mine) {
        boolean patient = settings.orElseThrow().getEvaluation().getPatience() > 0;
        if (!patient || committed() == 0 || committed() % STEPS_PER_EPOCH > 0 || known(mine)) {
            return false;
        }
        if (measures != mine || measuresAt != committed()) {
            measures = mine;
            measuresAt = committed();
            later(world.some(100), () -> {
                if (generation == mine && !halted) {
                    measure(mine);
                }
            });
        }
        return true;
    }

    private boolean known(Generation mine) {
        return mine.getMeasuredList().contains(measurement()) || acknowledged.contains(measurement());
    }

    private Measurement measurement() {
        return Measurement.newBuilder()
                .setSubject("student")
                .setEpoch((int) (committed() / STEPS_PER_EPOCH))
                .build();
    }

    private void measure(Generation mine) {
        if (known(mine)) {
            return;
        }
        EvaluationDone done = EvaluationDone.newBuilder()
                .setSubject(measurement().getSubject())
                .setEpoch(measurement().getEpoch())
                .build();
        Report report = Report.newBuilder()
                .setMeasured(Measured.newBuilder()
                        .setJob(job)
                        .setGeneration(mine.getNumber())
                        .setEvaluation(done))
                .build();
        keptMeasurement = Optional.of(report);
        send(report.toBuilder());
    }

    private void trained(Generation mine) {
        if (generation != mine || halted || !world.files(job).checkpoints.containsKey(total())) {
            return;
        }
        send(Report.newBuilder()
                .setTrained(Trained.newBuilder()
                        .setJob(job)
                        .setGeneration(mine.getNumber())
                        .setStep(committed())
                        .setSha256("student")));
        waitForEnd(mine);
    }

    /** Nothing is waited for but a Drop or a Halt; Trained may have been lost with the stream. */
    private void waitForEnd(Generation mine) {
        if (generation == mine && !halted && done()) {
            stop();
        }
    }
}
