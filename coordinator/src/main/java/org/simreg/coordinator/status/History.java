package org.simreg.coordinator.status;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import org.simreg.proto.CheckpointWritten;
import org.simreg.proto.EvaluationDone;
import org.simreg.proto.JobFinished;
import org.simreg.proto.JobStarted;
import org.simreg.proto.KnnScore;
import org.simreg.proto.Progress;
import org.simreg.proto.StepDone;
import org.simreg.proto.UserError;

/**
 * The sums and latest values of a run's events: curves, times, evaluations, end. Where an event
 * came twice, the later one counts.
 */
final class History {
    private final Series loss = new Series();
    private final Series rate = new Series();
    private final Map<String, Double> seconds = new LinkedHashMap<>();
    private final Map<String, EvaluationDone> evaluations = new LinkedHashMap<>();
    private final List<String> notices = new ArrayList<>();
    private JobStarted started = JobStarted.getDefaultInstance();
    private Optional<StepDone> last = Optional.empty();
    private Optional<JobFinished> finished = Optional.empty();
    private Optional<CheckpointWritten> checkpoint = Optional.empty();
    private double stepSeconds;
    private long images;
    private long lastMs;

    private History() {}

    /**
     * Reads a run folder; the run may still be going on.
     *
     * @throws UserError if there is no run or its events can't be read
     */
    static History read(Path folder) {
        History history = new History();
        try {
            MetricsFile.read(folder, history::add);
        } catch (NoSuchFileException e) {
            throw new UserError(
                    "There is no run in %s: it has no %s; give the folder of a run"
                            .formatted(folder, MetricsFile.NAME),
                    e);
        } catch (IOException e) {
            throw new UserError(
                    "Reading the run in %s failed: %s; check the right to read it"
                            .formatted(folder, e),
                    e);
        }
        return history;
    }

    private void add(Progress event) {
        lastMs = Math.max(lastMs, event.getTimeMs());
        switch (event.getEventCase()) {
            case STARTED -> started = event.getStarted();
            case STEP -> add(event.getStep());
            case EVALUATION -> add(event.getEvaluation());
            case NOTICE -> notices.add(event.getNotice().getText());
            case CHECKPOINT -> checkpoint = Optional.of(event.getCheckpoint());
            case FINISHED -> finished = Optional.of(event.getFinished());
            default -> {}
        }
    }

    private void add(StepDone step) {
        last = Optional.of(step);
        double epoch = step.getStep() / (double) Math.max(1, started.getStepsPerEpoch());
        loss.add(epoch, step.getLoss());
        rate.add(epoch, step.getLr());
        stepSeconds += step.getSeconds();
        images += step.getImages();
        Parts.add(seconds, step);
    }

    private void add(EvaluationDone done) {
        evaluations.put(done.getSubject() + "/" + done.getEpoch(), done);
    }

    JobStarted started() {
        return started;
    }

    Optional<StepDone> last() {
        return last;
    }

    Optional<JobFinished> finished() {
        return finished;
    }

    Optional<CheckpointWritten> checkpoint() {
        return checkpoint;
    }

    /** Loss over epochs, a point a step. */
    Series loss() {
        return loss;
    }

    /** Learning rate over epochs, a point a step. */
    Series rate() {
        return rate;
    }

    List<String> notices() {
        return notices;
    }

    /** Seconds of all steps in each part; all parts once there was a step. */
    Map<String, Double> seconds() {
        return seconds;
    }

    /** Wall time of all steps, in seconds. */
    double stepSeconds() {
        return stepSeconds;
    }

    /** Images that all steps have seen. */
    long images() {
        return images;
    }

    /** When the last event happened, milliseconds since 1970. */
    long lastMs() {
        return lastMs;
    }

    /** In the order in which they were made. */
    List<EvaluationDone> evaluations() {
        return List.copyOf(evaluations.values());
    }

    /** The last evaluation of each subject: student before, student after, teachers. */
    List<EvaluationDone> outcome() {
        Map<String, EvaluationDone> latest = new LinkedHashMap<>();
        evaluations.values().forEach(done -> latest.put(done.getSubject(), done));
        return latest.values().stream()
                .sorted(Comparator.comparingInt(done -> Subjects.order(done.getSubject())))
                .toList();
    }

    /** All numbers of neighbours that were measured, ascending. */
    List<Integer> ks() {
        TreeSet<Integer> ks = new TreeSet<>();
        evaluations.values().forEach(done -> done.getKnnList().forEach(knn -> ks.add(knn.getK())));
        return List.copyOf(ks);
    }

    /** The accuracy at k in an evaluation, 0 to 1. */
    static Optional<Double> accuracy(EvaluationDone done, int k) {
        return done.getKnnList().stream()
                .filter(knn -> knn.getK() == k)
                .map(KnnScore::getAccuracy)
                .findFirst();
    }
}
