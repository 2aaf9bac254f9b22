package org.simreg.coordinator.status;

import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.simreg.proto.EpochDone;
import org.simreg.proto.EvaluationDone;
import org.simreg.proto.GenerationBegun;
import org.simreg.proto.JobFinished;
import org.simreg.proto.JobStarted;
import org.simreg.proto.Loss;
import org.simreg.proto.StateChanged;
import org.simreg.proto.StepDone;

/**
 * The sentences of the console: one event, one line of at most 79 characters where that is ours to
 * choose.
 */
final class Wording {
    private Wording() {}

    static String started(JobStarted job) {
        String resumed =
                job.getResumedStep() == 0
                        ? ""
                        : "%ncontinuing after step %s"
                                .formatted(Numbers.count(job.getResumedStep()));
        return "%s%n%s%n%s on %s%s"
                .formatted(
                        job.getDescription(),
                        "images: " + images(job),
                        schedule(job),
                        job.getDevice(),
                        resumed);
    }

    static String images(JobStarted job) {
        return "%s train, %s val, %s classes"
                .formatted(
                        Numbers.count(job.getTrainImages()),
                        Numbers.count(job.getValImages()),
                        Numbers.count(job.getClasses()));
    }

    static String schedule(JobStarted job) {
        return "%s epochs of %s steps of %s images%s"
                .formatted(
                        Numbers.count(job.getEpochs()),
                        Numbers.count(job.getStepsPerEpoch()),
                        Numbers.count(job.getBatch()),
                        job.getLoss() == Loss.SQUARED ? ", loss " + loss(job) : "");
    }

    /** What the numbers called loss are. */
    static String loss(JobStarted job) {
        return job.getLoss() == Loss.SQUARED ? "|q - t|^2" : "2 - 2 cos";
    }

    /** Where the run is, for a log: "epoch 2/10 step 300/1,000 30% 412 images/s ...". */
    static String step(StepDone step, Plan plan, Pace pace) {
        return "%s  step %s/%s  %s  %s left"
                .formatted(
                        epoch(step.getEpoch(), plan),
                        Numbers.count(step.getStep()),
                        Numbers.count(plan.steps()),
                        now(step, pace),
                        left(step, plan, pace));
    }

    static String now(StepDone step, Pace pace) {
        return "%s images/s  loss %s  lr %s"
                .formatted(
                        Numbers.speed(pace.imagesPerSecond()),
                        Numbers.loss(pace.loss()),
                        Numbers.rate(step.getLr()));
    }

    static String left(StepDone step, Plan plan, Pace pace) {
        return Numbers.duration(pace.time(plan.steps() - step.getStep()));
    }

    static String epoch(EpochDone epoch, Plan plan) {
        return "%s  loss %s  lr %s  %s images/s  %s"
                .formatted(
                        epoch(epoch.getEpoch(), plan),
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

    static String evaluation(EvaluationDone done, Plan plan) {
        String scores =
                done.getKnnList().stream()
                        .map(knn -> knn.getK() + "-NN " + Numbers.percent(knn.getAccuracy()))
                        .collect(Collectors.joining("  "));
        String when = done.getEpoch() == 0 ? "before" : epoch(done.getEpoch(), plan);
        return "%s  %s: %s  (%s)"
                .formatted(when, done.getSubject(), scores, Numbers.seconds(done.getSeconds()));
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
    static String epoch(int epoch, Plan plan) {
        String epochs = String.valueOf(plan.epochs());
        return ("epoch %" + epochs.length() + "d/%s").formatted(epoch, epochs);
    }

    /**
     * How much there is to do.
     *
     * @param steps of the whole job
     * @param epochs of the whole job
     */
    record Plan(long steps, int epochs) {}
}
