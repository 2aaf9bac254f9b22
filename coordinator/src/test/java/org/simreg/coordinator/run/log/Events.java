package org.simreg.coordinator.run.log;

import java.util.ArrayList;
import java.util.List;
import org.simreg.proto.CheckpointWritten;
import org.simreg.proto.EpochDone;
import org.simreg.proto.EvaluationDone;
import org.simreg.proto.JobFinished;
import org.simreg.proto.JobStarted;
import org.simreg.proto.KnnScore;
import org.simreg.proto.Notice;
import org.simreg.proto.Progress;
import org.simreg.proto.StepDone;

/** A made-up run: 3 epochs of 4 steps of 8 images, half a second a step. */
public final class Events {
    public static final long START_MS = 1_700_000_000_000L;
    public static final int EPOCHS = 3;
    public static final int STEPS_PER_EPOCH = 4;
    public static final int STEPS = EPOCHS * STEPS_PER_EPOCH;

    private Events() {}

    /** All events of a run that is resumed after a step and not interrupted any more. */
    public static List<Progress> run(long resumed) {
        List<Progress> events = new ArrayList<>();
        events.add(started(resumed));
        if (resumed == 0) {
            events.add(evaluation(EventNames.RANDOM_STUDENT, 0, 0.092, 0.101));
            events.add(evaluation("teacher", 0, 0.376, 0.402));
        }
        events.add(notice("train/a/broken.png can't be decoded"));
        for (long step = resumed + 1; step <= STEPS; step++) {
            int epoch = (int) ((step - 1) / STEPS_PER_EPOCH) + 1;
            events.add(step(step, epoch));
            if (step % STEPS_PER_EPOCH == 0) {
                events.add(epoch(epoch));
                double accuracy = 0.1 * epoch;
                events.add(evaluation(EventNames.STUDENT, epoch, accuracy, accuracy + 0.02));
                events.add(checkpoint(step));
            }
        }
        events.add(finished());
        return events;
    }

    public static Progress started(long resumed) {
        return at(0).setStarted(JobStarted.newBuilder()
                        .setTotalSteps(STEPS)
                        .setStepsPerEpoch(STEPS_PER_EPOCH)
                        .setEpochs(EPOCHS)
                        .setBatch(8)
                        .setResumedStep(resumed)
                        .setTrainImages(33)
                        .setValImages(1012)
                        .setClasses(5)
                        .setDescription("teacher.pth -> resnet18")
                        .setDevice("cpu"))
                .build();
    }

    public static Progress step(long step, int epoch) {
        return at(step).setStep(StepDone.newBuilder()
                        .setStep(step)
                        .setEpoch(epoch)
                        .setLoss(1.0 / step)
                        .setLr(0.05 / epoch)
                        .setDataSeconds(0.05)
                        .setTeacherSeconds(0.1)
                        .setStudentSeconds(0.25)
                        .setUpdateSeconds(0.05)
                        .setSeconds(0.5)
                        .setImages(8))
                .build();
    }

    public static Progress epoch(int epoch) {
        return at((long) epoch * STEPS_PER_EPOCH)
                .setEpoch(EpochDone.newBuilder()
                        .setEpoch(epoch)
                        .setLoss(0.375)
                        .setLr(0.05 / epoch)
                        .setSeconds(2)
                        .setImages(32))
                .build();
    }

    public static Progress evaluation(String subject, int epoch, double one, double twenty) {
        return at((long) epoch * STEPS_PER_EPOCH)
                .setEvaluation(EvaluationDone.newBuilder()
                        .setSubject(subject)
                        .setEpoch(epoch)
                        .setSeconds(1.5)
                        .addKnn(KnnScore.newBuilder().setK(1).setAccuracy(one))
                        .addKnn(KnnScore.newBuilder().setK(20).setAccuracy(twenty)))
                .build();
    }

    public static Progress checkpoint(long step) {
        return at(step).setCheckpoint(CheckpointWritten.newBuilder()
                        .setStep(step)
                        .setFile("checkpoints/step-%08d.safetensors".formatted(step))
                        .setSha256("c0ffee"))
                .build();
    }

    public static Progress notice(String text) {
        return at(0).setNotice(Notice.newBuilder().setText(text)).build();
    }

    public static Progress finished() {
        return at(STEPS)
                .setFinished(JobFinished.newBuilder()
                        .setStep(STEPS)
                        .setSha256("5eed".repeat(16))
                        .setSeconds(6)
                        .addExports("student/resnet18.pth")
                        .addExports("student/resnet18.onnx"))
                .build();
    }

    private static Progress.Builder at(long step) {
        return Progress.newBuilder().setTimeMs(START_MS + 500 * step);
    }
}
