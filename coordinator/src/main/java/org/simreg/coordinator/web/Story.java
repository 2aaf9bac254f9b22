package org.simreg.coordinator.web;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.simreg.proto.EvaluationDone;
import org.simreg.proto.GenerationBegun;
import org.simreg.proto.JobStarted;
import org.simreg.proto.KnnScore;
import org.simreg.proto.Progress;
import org.simreg.proto.StateChanged;

/** What a job's events add up to, for a picture of it; in bounded memory, on one thread. */
final class Story {
    private static final int MOST_GENERATIONS = 300;
    private static final int MOST_SCORES = 2000;
    private static final int MOST_NOTICES = 20;

    private final Curve loss = new Curve();
    private final Pace pace = new Pace();
    private final Map<String, JsonObject> scores = new LinkedHashMap<>();
    private final Deque<JsonObject> generations = new ArrayDeque<>();
    private final Deque<String> notices = new ArrayDeque<>();
    private JsonArray fresh = new JsonArray();
    private boolean turned = true;
    private long generationsBegun;
    private JobStarted started = JobStarted.getDefaultInstance();
    private long lastMs;

    /** Takes the next event. */
    void add(Progress event) {
        lastMs = event.getTimeMs();
        switch (event.getEventCase()) {
            case STARTED -> {
                started = event.getStarted();
                turned = true;
            }
            case STEP -> {
                long step = event.getStep().getStep();
                loss.add(step, event.getStep().getLoss());
                fresh.add(new JsonArray().add(step).add(event.getStep().getLoss()));
                pace.add(event.getStep());
            }
            case EVALUATION -> scored(event.getEvaluation());
            case GENERATION -> begun(event.getGeneration());
            case NOTICE -> keep(notices, event.getNotice().getText(), MOST_NOTICES);
            case STATE -> moved(event.getState());
            default -> {}
        }
    }

    private void moved(StateChanged change) {
        JsonObject last = generations.peekLast();
        boolean rests = change.getState() != org.simreg.proto.JobState.RUNNING;
        if (last != null && rests && !last.containsKey("ended")) {
            last.put("ended", lastMs);
            last.put("outcome", change.getState().name().toLowerCase(Locale.ROOT));
        }
        turned = true;
    }

    private void scored(EvaluationDone done) {
        for (KnnScore knn : done.getKnnList()) {
            String key = done.getSubject() + "/" + done.getEpoch() + "/" + knn.getK();
            scores.put(
                    key,
                    new JsonObject()
                            .put("subject", done.getSubject())
                            .put("epoch", done.getEpoch())
                            .put("k", knn.getK())
                            .put("accuracy", knn.getAccuracy()));
        }
        while (scores.size() > MOST_SCORES) {
            scores.remove(scores.keySet().iterator().next());
        }
        turned = true;
    }

    private void begun(GenerationBegun begun) {
        loss.cut(begun.getStep());
        JsonObject last = generations.peekLast();
        if (last != null && !last.containsKey("ended")) {
            last.put("ended", lastMs);
        }
        generationsBegun++;
        keep(
                generations,
                new JsonObject()
                        .put("number", begun.getNumber())
                        .put("step", begun.getStep())
                        .put("workers", new JsonArray(begun.getWorkersList()))
                        .put("reason", begun.getReason())
                        .put("cause", begun.getCause().name().toLowerCase(Locale.ROOT))
                        .put("began", lastMs),
                MOST_GENERATIONS);
    }

    private <T> void keep(Deque<T> all, T one, int most) {
        all.add(one);
        while (all.size() > most) {
            all.removeFirst();
        }
        turned = true;
    }

    /** Whether something is new since the last {@link #forget}. */
    boolean changed() {
        return turned || !fresh.isEmpty();
    }

    /** What is new from here on is not what was. */
    void forget() {
        fresh = new JsonArray();
        turned = false;
    }

    /** Everything, for one who comes now. */
    JsonObject whole() {
        return now().put("loss", loss.json()).mergeIn(lists());
    }

    /** What is new, for one who has all until now. */
    JsonObject news() {
        JsonObject news = now().put("points", Points.thinned(fresh));
        return turned ? news.mergeIn(lists()) : news;
    }

    private JsonObject now() {
        return new JsonObject()
                .put("pace", pace.json())
                .put("stepsPerEpoch", started.getStepsPerEpoch())
                .put("totalSteps", started.getTotalSteps())
                .put("time", lastMs);
    }

    private JsonObject lists() {
        JsonArray line = new JsonArray();
        generations.forEach(one -> line.add(one.copy()));
        return new JsonObject()
                .put("what", started.getDescription())
                .put("device", started.getDevice())
                .put("images", started.getTrainImages())
                .put("batch", started.getBatch())
                .put("epochs", started.getEpochs())
                .put("accuracy", new JsonArray(java.util.List.copyOf(scores.values())))
                .put("generations", line)
                .put("generationsBegun", generationsBegun)
                .put("notices", new JsonArray(java.util.List.copyOf(notices)));
    }
}
