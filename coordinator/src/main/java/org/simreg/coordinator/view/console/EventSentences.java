package org.simreg.coordinator.view.console;

import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.simreg.proto.BestStudent;
import org.simreg.proto.CheckpointWritten;
import org.simreg.proto.EpochDone;
import org.simreg.proto.EvaluationDone;
import org.simreg.proto.GenerationBegun;
import org.simreg.proto.JobFinished;
import org.simreg.proto.JobStarted;
import org.simreg.proto.Loss;
import org.simreg.proto.Printable;
import org.simreg.proto.Progress;
import org.simreg.proto.StateChanged;
import org.simreg.proto.StepDone;

/**
 * Sentences for people about the events of one job: a line an event, of at most 79 characters where
 * no name is longer. Later lines need what the job began with, so that all of them come from one
 * object.
 */
public final class EventSentences {
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss.SSS", Locale.ROOT);

    private final DateTimeFormatter time;
    private long totalSteps;
    private int epochs;

    /**
     * @param zone of the times in a log
     */
    public EventSentences(ZoneId zone) {
        time = TIME.withZone(zone);
    }

    /** Any event as a line of a log, with its time; without a break at its end. */
    public String line(Progress event) {
        String when = time.format(Instant.ofEpochMilli(event.getTimeMs()));
        return when + "  " + Printable.text(what(event).replaceAll("\\R", "; "));
    }

    private String what(Progress event) {
        return switch (event.getEventCase()) {
            case STARTED -> started(event.getStarted());
            case STEP -> step(event.getStep());
            case EPOCH -> epoch(event.getEpoch());
            case EVALUATION -> evaluation(event.getEvaluation());
            case NOTICE -> "note: " + event.getNotice().getText();
            case CHECKPOINT -> checkpoint(event.getCheckpoint());
            case FINISHED ->
                finished(event.getFinished()) + ", sha256 "
                        + event.getFinished().getSha256();
            case GENERATION -> generation(event.getGeneration());
            case STATE -> state(event.getState());
            case EVENT_NOT_SET -> "an event that this version does not know";
        };
    }

    /** The job's beginning in several lines; its length is kept for later sentences. */
    String started(JobStarted job) {
        totalSteps = job.getTotalSteps();
        epochs = job.getEpochs();
        String resumed = job.getResumedStep() == 0
                ? ""
                : "%ncontinuing after step %s".formatted(Numbers.count(job.getResumedStep()));
        return "%s%n%s%n%s on %s%s"
                .formatted(job.getDescription(), "images: " + images(job), schedule(job), job.getDevice(), resumed);
    }

    /** "1,200 train, 300 val, 10 classes", or "1,200 train, each of 1,200 compared with all others, 10 classes". */
    public static String images(JobStarted job) {
        return (job.getLeaveOneOut() ? "%s train, each of %s compared with all others, %s" : "%s train, %s val, %s")
                .formatted(
                        Numbers.count(job.getTrainImages()),
                        Numbers.count(job.getValImages()),
                        Numbers.count(job.getClasses(), "class", "classes"));
    }

    /** "100 epochs of 5 steps of 256 images". */
    public static String schedule(JobStarted job) {
        return "%s of %s of %s%s"
                .formatted(
                        Numbers.count(job.getEpochs(), "epoch", "epochs"),
                        Numbers.count(job.getStepsPerEpoch(), "step", "steps"),
                        Numbers.count(job.getBatch(), "image", "images"),
                        job.getLoss() == Loss.SQUARED ? ", loss " + loss(job) : "");
    }

    /** The formula of the loss. */
    public static String loss(JobStarted job) {
        return job.getLoss() == Loss.SQUARED ? "|q - t|^2" : "2 - 2 cos";
    }

    private String step(StepDone step) {
        return "%s  step %s  loss %s  lr %s%s  %s"
                .formatted(
                        epoch(step.getEpoch()),
                        Numbers.count(step.getStep()),
                        Numbers.loss(step.getLoss()),
                        Numbers.rate(step.getLr()),
                        step.hasGradientNorm() ? "  gradient " + Numbers.loss(step.getGradientNorm()) : "",
                        Numbers.seconds(step.getSeconds()));
    }

    /** The run's position: "epoch 2/10 step 300/1,000 412 images/s ...". */
    String step(StepDone step, RecentSteps recent) {
        return "%s  step %s/%s  %s  %s left"
                .formatted(
                        epoch(step.getEpoch()),
                        Numbers.count(step.getStep()),
                        Numbers.count(totalSteps),
                        now(step, recent),
                        left(step, recent));
    }

    static String now(StepDone step, RecentSteps recent) {
        return "%s images/s  loss %s  lr %s"
                .formatted(
                        Numbers.speed(recent.imagesPerSecond()),
                        Numbers.loss(recent.loss()),
                        Numbers.rate(step.getLr()));
    }

    /** "12 min". */
    String left(StepDone step, RecentSteps recent) {
        return Numbers.duration(recent.time(totalSteps - step.getStep()));
    }

    /** The part of the job that is done after a step, 0 to 1. */
    double done(StepDone step) {
        return step.getStep() / (double) Math.max(1, totalSteps);
    }

    String epoch(EpochDone epoch) {
        return "%s  loss %s  lr %s  %s images/s  %s"
                .formatted(
                        epoch(epoch.getEpoch()),
                        Numbers.loss(epoch.getLoss()),
                        Numbers.rate(epoch.getLr()),
                        Numbers.speed(epoch.getImages() / Math.max(1e-9, epoch.getSeconds())),
                        Numbers.seconds(epoch.getSeconds()));
    }

    /** "data 3% teacher 41% student 48% reduce 0% update 8%"; several teachers have numbers. */
    static String shares(Map<String, Double> shares) {
        return shares.entrySet().stream()
                .map(share -> share.getKey() + " " + Numbers.wholePercent(share.getValue()))
                .collect(Collectors.joining("  "));
    }

    String evaluation(EvaluationDone done) {
        String scores = done.getKnnList().stream()
                .map(knn -> knn.getK() + "-NN " + Numbers.percent(knn.getAccuracy()))
                .collect(Collectors.joining("  "));
        String when = done.getEpoch() == 0 ? "before" : epoch(done.getEpoch());
        return "%s  %s: %s%s  (%s)"
                .formatted(
                        when,
                        done.getSubject(),
                        scores,
                        done.getBest() ? "  best so far" : "",
                        Numbers.seconds(done.getSeconds()));
    }

    /** "best: student of epoch 12, 1-NN 61.2%". */
    public static String best(BestStudent best) {
        return "best: %s of epoch %s, %d-NN %s"
                .formatted(
                        best.getSubject(),
                        Numbers.count(best.getEpoch()),
                        best.getK(),
                        Numbers.percent(best.getAccuracy()));
    }

    private static String checkpoint(CheckpointWritten done) {
        return "checkpoint after step %s: %s  sha256 %s"
                .formatted(Numbers.count(done.getStep()), done.getFile(), done.getSha256());
    }

    static String finished(JobFinished done) {
        return "finished after %s steps in %s"
                .formatted(Numbers.count(done.getStep()), Numbers.seconds(done.getSeconds()));
    }

    /** "generation 3 after step 120 on w1, w2: w3 was lost". */
    static String generation(GenerationBegun begun) {
        return "generation %s after step %s on %s%s"
                .formatted(
                        Numbers.count(begun.getNumber()),
                        Numbers.count(begun.getStep()),
                        String.join(", ", begun.getWorkersList()),
                        reason(begun.getReason()));
    }

    static String state(StateChanged changed) {
        return changed.getState().name().toLowerCase(Locale.ROOT) + reason(changed.getReason());
    }

    private static String reason(String text) {
        return text.isEmpty() ? "" : ": " + text;
    }

    /** "epoch 7/100", as wide for every epoch. */
    String epoch(int epoch) {
        String all = String.valueOf(epochs);
        return ("epoch %" + all.length() + "d/%s").formatted(epoch, all);
    }
}
