package org.simreg.coordinator.run.folder;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.simreg.coordinator.run.log.EventNames;
import org.simreg.coordinator.run.log.MetricsFile;
import org.simreg.proto.BestStudent;
import org.simreg.proto.CheckpointWritten;
import org.simreg.proto.EvaluationDone;
import org.simreg.proto.JobFinished;
import org.simreg.proto.JobStarted;
import org.simreg.proto.KnnScore;
import org.simreg.proto.Notice;
import org.simreg.proto.Progress;
import org.simreg.proto.StepDone;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.Disk;

/**
 * The history of a run, summed up from its events: curves, times, evaluations, end. Where an event
 * came twice, the later one counts.
 */
public final class RunHistory {
    private final Series loss = new Series();
    private final Series rate = new Series();
    private final Series norm = new Series();
    private final Map<String, Double> seconds = new LinkedHashMap<>();
    private final Map<String, EvaluationDone> evaluations = new LinkedHashMap<>();
    private final List<String> notices = new ArrayList<>();
    private final Set<String> broken = new HashSet<>();
    private JobStarted started = JobStarted.getDefaultInstance();
    private Optional<StepDone> last = Optional.empty();
    private Optional<JobFinished> finished = Optional.empty();
    private Optional<CheckpointWritten> checkpoint = Optional.empty();
    private double stepSeconds;
    private long images;
    private long lastMs;

    private RunHistory() {}

    /**
     * Reads a run folder; the run may still be going on.
     *
     * @throws UserError if there is no run or its events can't be read
     */
    public static RunHistory read(Path folder) {
        RunHistory history = new RunHistory();
        try {
            MetricsFile.read(folder, history::add);
        } catch (NoSuchFileException e) {
            throw new UserError(
                    "There is no run in %s: it has no %s; give the folder of a run".formatted(folder, MetricsFile.NAME),
                    e);
        } catch (IOException e) {
            throw new UserError(
                    "Reading the run in %s failed: %s; check the right to read it"
                            .formatted(folder, Disk.reasonWithFile(e)),
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
            case NOTICE -> add(event.getNotice());
            case CHECKPOINT -> checkpoint = Optional.of(event.getCheckpoint());
            case FINISHED -> finished = Optional.of(event.getFinished());
            default -> {}
        }
    }

    private void add(Notice notice) {
        notices.add(notice.getText());
        if (notice.hasBroken()) {
            broken.add(notice.getBroken().getFile());
        }
    }

    private void add(StepDone step) {
        last = Optional.of(step);
        double epoch = step.getStep() / (double) Math.max(1, started.getStepsPerEpoch());
        loss.add(epoch, step.getLoss());
        rate.add(epoch, step.getLr());
        if (step.hasGradientNorm()) {
            norm.add(epoch, step.getGradientNorm());
        }
        stepSeconds += step.getSeconds();
        images += step.getImages();
        EventNames.add(seconds, step);
    }

    private void add(EvaluationDone done) {
        evaluations.put(done.getSubject() + "/" + done.getEpoch(), done);
    }

    public JobStarted started() {
        return started;
    }

    public Optional<StepDone> last() {
        return last;
    }

    public Optional<JobFinished> finished() {
        return finished;
    }

    public Optional<CheckpointWritten> checkpoint() {
        return checkpoint;
    }

    /** Loss over epochs, a point a step. */
    public Series loss() {
        return loss;
    }

    /** Learning rate over epochs, a point a step. */
    public Series rate() {
        return rate;
    }

    /** Norm of the gradient before it was clipped over epochs, a point a step; empty where nothing is clipped. */
    public Series norm() {
        return norm;
    }

    public List<String> notices() {
        return notices;
    }

    /** Images that couldn't be read, each counted once. */
    public long brokenImages() {
        return broken.size();
    }

    /** Seconds of all steps in each part; all parts once there was a step. */
    public Map<String, Double> seconds() {
        return seconds;
    }

    /** Wall time of all steps, in seconds. */
    public double stepSeconds() {
        return stepSeconds;
    }

    /** Images that all steps have seen. */
    public long images() {
        return images;
    }

    /** When the last event happened, milliseconds since 1970. */
    public long lastMs() {
        return lastMs;
    }

    /** All evaluations, in the order in which they were made. */
    public List<EvaluationDone> evaluations() {
        return List.copyOf(evaluations.values());
    }

    /** The last evaluation of each subject: student before, student after, its average, teachers. */
    public List<EvaluationDone> outcome() {
        Map<String, EvaluationDone> latest = new LinkedHashMap<>();
        evaluations.values().forEach(done -> latest.put(done.getSubject(), done));
        return latest.values().stream()
                .sorted(Comparator.comparingInt(done -> EventNames.subjectOrder(done.getSubject())))
                .toList();
    }

    /** The best student or average, as the end of the run tells it. */
    public Optional<BestStudent> best() {
        return finished.filter(JobFinished::hasBest).map(JobFinished::getBest);
    }

    /** The last evaluation that was the best one then. */
    public Optional<EvaluationDone> bestEvaluation() {
        return evaluations.values().stream().filter(EvaluationDone::getBest).reduce((before, after) -> after);
    }

    /** All numbers of neighbours that were measured, ascending. */
    public List<Integer> ks() {
        TreeSet<Integer> ks = new TreeSet<>();
        evaluations.values().forEach(done -> done.getKnnList().forEach(knn -> ks.add(knn.getK())));
        return List.copyOf(ks);
    }

    /** The accuracy at k in an evaluation, 0 to 1. */
    public static Optional<Double> accuracy(EvaluationDone done, int k) {
        return done.getKnnList().stream()
                .filter(knn -> knn.getK() == k)
                .map(KnnScore::getAccuracy)
                .findFirst();
    }

    /** A curve: points (x, y) with x ascending; a million of them take 16 MB. */
    public static final class Series {
        private double[] x = new double[1024];
        private double[] y = new double[1024];
        private int size;

        public void add(double atX, double atY) {
            if (size == x.length) {
                x = Arrays.copyOf(x, 2 * size);
                y = Arrays.copyOf(y, 2 * size);
            }
            x[size] = atX;
            y[size++] = atY;
        }

        public int size() {
            return size;
        }

        public double x(int point) {
            return x[point];
        }

        public double y(int point) {
            return y[point];
        }

        /** The last x, 0 if there is none. */
        public double end() {
            return size == 0 ? 0 : x[size - 1];
        }

        /** At most so many points: each the mean of neighbouring ones, at the x of their last. */
        public Series thinned(int most) {
            if (size <= most) {
                return this;
            }
            Series thin = new Series();
            for (int bin = 0; bin < most; bin++) {
                int from = (int) ((long) bin * size / most);
                int to = (int) ((bin + 1L) * size / most);
                thin.add(x[to - 1], Arrays.stream(y, from, to).average().orElseThrow());
            }
            return thin;
        }
    }
}
