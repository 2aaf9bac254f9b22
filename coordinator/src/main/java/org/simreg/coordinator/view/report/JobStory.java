package org.simreg.coordinator.view.report;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.simreg.proto.EvaluationDone;
import org.simreg.proto.GenerationBegun;
import org.simreg.proto.JobStarted;
import org.simreg.proto.JobState;
import org.simreg.proto.KnnScore;
import org.simreg.proto.Progress;
import org.simreg.proto.StateChanged;
import org.simreg.proto.StepDone;

/**
 * The summary of a job's events that the live page shows: loss, accuracy, pace, generations and
 * notices, as JSON. In bounded memory, on one thread.
 */
public final class JobStory {
    private static final int MOST_GENERATIONS = 300;
    private static final int MOST_SCORES = 2000;
    private static final int MOST_NOTICES = 20;
    private static final int PACE_STEPS = 50;
    private static final int MOST_POINTS = 600;
    private static final int MOST_NEWS = 50;

    private final LossCurve loss = new LossCurve(MOST_POINTS);
    private final Deque<StepDone> lastSteps = new ArrayDeque<>();
    private final Map<String, JsonObject> scores = new LinkedHashMap<>();
    private final Deque<GenerationSpan> generations = new ArrayDeque<>();
    private final Deque<String> notices = new ArrayDeque<>();
    private LossCurve fresh = new LossCurve(MOST_NEWS);
    private boolean listsChanged = true;
    private long generationsBegun;
    private JobStarted started = JobStarted.getDefaultInstance();
    private long lastMs;

    /**
     * A generation with its times.
     *
     * @param beganMs milliseconds since 1970
     * @param endedMs the same; 0 while it goes on
     * @param outcome the state by which the job left it; empty if another generation followed
     */
    private record GenerationSpan(GenerationBegun begun, long beganMs, long endedMs, String outcome) {
        GenerationSpan ended(long ms, String why) {
            return endedMs == 0 ? new GenerationSpan(begun, beganMs, ms, why) : this;
        }

        JsonObject json() {
            JsonObject json = new JsonObject();
            json.addProperty("number", begun.getNumber());
            json.addProperty("step", begun.getStep());
            json.add("workers", array(begun.getWorkersList()));
            json.addProperty("reason", begun.getReason());
            json.addProperty("cause", lower(begun.getCause()));
            json.addProperty("began", beganMs);
            if (endedMs > 0) {
                json.addProperty("ended", endedMs);
            }
            if (!outcome.isEmpty()) {
                json.addProperty("outcome", outcome);
            }
            return json;
        }
    }

    /** Adds the next event. */
    public void add(Progress event) {
        lastMs = event.getTimeMs();
        switch (event.getEventCase()) {
            case STARTED -> started = event.getStarted();
            case STEP -> add(event.getStep());
            case EVALUATION -> add(event.getEvaluation());
            case GENERATION -> add(event.getGeneration());
            case NOTICE -> keep(notices, event.getNotice().getText(), MOST_NOTICES);
            case STATE -> add(event.getState());
            default -> {}
        }
        listsChanged |= switch (event.getEventCase()) {
            case STARTED, EVALUATION, GENERATION, NOTICE, STATE -> true;
            default -> false;
        };
    }

    private void add(StepDone step) {
        loss.add(step.getStep(), step.getLoss());
        fresh.add(step.getStep(), step.getLoss());
        keep(lastSteps, step, PACE_STEPS);
    }

    private void add(EvaluationDone done) {
        for (KnnScore knn : done.getKnnList()) {
            String key = done.getSubject() + "/" + done.getEpoch() + "/" + knn.getK();
            scores.put(key, score(done, knn));
        }
        while (scores.size() > MOST_SCORES) {
            scores.remove(scores.keySet().iterator().next());
        }
    }

    /** Steps after the one that it begins with are done again. */
    private void add(GenerationBegun begun) {
        loss.cut(begun.getStep());
        endGeneration("");
        generationsBegun++;
        keep(generations, new GenerationSpan(begun, lastMs, 0, ""), MOST_GENERATIONS);
    }

    private void add(StateChanged change) {
        if (change.getState() != JobState.RUNNING) {
            endGeneration(lower(change.getState()));
        }
    }

    private void endGeneration(String outcome) {
        if (!generations.isEmpty()) {
            generations.add(generations.removeLast().ended(lastMs, outcome));
        }
    }

    private static <T> void keep(Deque<T> all, T one, int most) {
        all.add(one);
        while (all.size() > most) {
            all.removeFirst();
        }
    }

    /** Whether something is new since the last {@link #forget}. */
    public boolean hasNews() {
        return listsChanged || !fresh.isEmpty();
    }

    /** Forgets the news; {@link #whole} has them still. */
    public void forget() {
        fresh = new LossCurve(MOST_NEWS);
        listsChanged = false;
    }

    /** Everything, for a browser that connects now. */
    public JsonObject whole() {
        JsonObject whole = now();
        whole.add("loss", loss.json());
        lists(whole);
        return whole;
    }

    /** What is new since the last {@link #forget}, for a browser that has all before. */
    public JsonObject news() {
        JsonObject news = now();
        news.add("points", fresh.json());
        if (listsChanged) {
            lists(news);
        }
        return news;
    }

    private JsonObject now() {
        JsonObject now = new JsonObject();
        now.add("pace", pace());
        now.addProperty("stepsPerEpoch", started.getStepsPerEpoch());
        now.addProperty("totalSteps", started.getTotalSteps());
        now.addProperty("time", lastMs);
        return now;
    }

    /**
     * Seconds by part over the last steps; images a second; learning rate, norm of the gradient where it is clipped,
     * and epoch of the last.
     */
    private JsonObject pace() {
        Map<String, Double> parts = new LinkedHashMap<>();
        parts.put("data", sum(StepDone::getDataSeconds));
        parts.put("teacher", sum(StepDone::getTeacherSeconds));
        parts.put("student", sum(StepDone::getStudentSeconds));
        parts.put("reduce", sum(StepDone::getReduceSeconds));
        parts.put("update", sum(StepDone::getUpdateSeconds));
        double seconds = sum(StepDone::getSeconds);
        StepDone last = lastSteps.isEmpty() ? StepDone.getDefaultInstance() : lastSteps.getLast();
        JsonObject pace = pace(parts, lastSteps.size(), seconds);
        pace.addProperty("rate", seconds > 0 ? sum(StepDone::getImages) / seconds : 0);
        pace.addProperty("lr", last.getLr());
        if (last.hasGradientNorm()) {
            pace.addProperty("norm", last.getGradientNorm());
        }
        pace.addProperty("epoch", last.getEpoch());
        return pace;
    }

    /**
     * The time of steps as the pages' {@code parts.js} reads it.
     *
     * @param parts seconds by part; what they lack of all seconds becomes "other"
     * @param steps how many
     * @param seconds of all steps together
     */
    static JsonObject pace(Map<String, Double> parts, int steps, double seconds) {
        JsonObject shown = new JsonObject();
        parts.forEach(shown::addProperty);
        double known = parts.values().stream().mapToDouble(part -> part).sum();
        shown.addProperty("other", Math.max(0, seconds - known));
        JsonObject pace = new JsonObject();
        pace.add("parts", shown);
        pace.addProperty("steps", steps);
        pace.addProperty("seconds", seconds);
        return pace;
    }

    /** One accuracy of an evaluation as the pages' {@code scores.js} reads it. */
    static JsonObject score(EvaluationDone done, KnnScore knn) {
        JsonObject json = new JsonObject();
        json.addProperty("subject", done.getSubject());
        json.addProperty("epoch", done.getEpoch());
        json.addProperty("k", knn.getK());
        json.addProperty("accuracy", knn.getAccuracy());
        if (done.getBest()) {
            json.addProperty("best", true);
        }
        return json;
    }

    private double sum(ToDoubleFunction<StepDone> figure) {
        return lastSteps.stream().mapToDouble(figure).sum();
    }

    private void lists(JsonObject into) {
        into.addProperty("what", started.getDescription());
        into.addProperty("device", started.getDevice());
        into.addProperty("images", started.getTrainImages());
        into.addProperty("batch", started.getBatch());
        into.addProperty("epochs", started.getEpochs());
        JsonArray accuracy = new JsonArray();
        scores.values().forEach(accuracy::add);
        into.add("accuracy", accuracy);
        JsonArray spans = new JsonArray();
        generations.forEach(generation -> spans.add(generation.json()));
        into.add("generations", spans);
        into.addProperty("generationsBegun", generationsBegun);
        into.add("notices", array(notices));
    }

    private static JsonArray array(Collection<String> texts) {
        JsonArray array = new JsonArray();
        texts.forEach(array::add);
        return array;
    }

    private static String lower(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    /**
     * A curve of the loss over steps in bounded memory: where there would be too many points,
     * neighbours are merged, so that a point is the mean of 1, 2, 4 .. steps, at the last of them.
     */
    static final class LossCurve {
        private final int most;
        private final long[] x;
        private final double[] y;
        private int size;
        private long width = 1;
        private double sum;
        private long summed;

        /**
         * @param most points; even
         */
        LossCurve(int most) {
            this.most = most;
            x = new long[most];
            y = new double[most];
        }

        /**
         * The next step's value. Steps ascend; a step that was there already takes its place again.
         */
        void add(long step, double value) {
            cut(step - 1);
            sum += value;
            summed++;
            if (summed > 1) {
                size--;
            }
            if (size == most) {
                halve();
            }
            x[size] = step;
            y[size++] = sum / summed;
            if (summed >= width) {
                sum = 0;
                summed = 0;
            }
        }

        private void halve() {
            for (int i = 0; i < most / 2; i++) {
                x[i] = x[2 * i + 1];
                y[i] = (y[2 * i] + y[2 * i + 1]) / 2;
            }
            size = most / 2;
            width *= 2;
        }

        /** Forgets what comes after a step. */
        void cut(long step) {
            if (size == 0 || x[size - 1] <= step) {
                return;
            }
            while (size > 0 && x[size - 1] > step) {
                size--;
            }
            sum = 0;
            summed = 0;
        }

        boolean isEmpty() {
            return size == 0;
        }

        /** Pairs of step and value. */
        JsonArray json() {
            JsonArray points = new JsonArray();
            for (int i = 0; i < size; i++) {
                points.add(LineChart.point(x[i], y[i]));
            }
            return points;
        }
    }
}
