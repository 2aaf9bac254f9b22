package org.simreg.coordinator.view.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.simreg.proto.EvaluationDone;
import org.simreg.proto.GenerationBegun;
import org.simreg.proto.JobStarted;
import org.simreg.proto.JobState;
import org.simreg.proto.KnnScore;
import org.simreg.proto.Notice;
import org.simreg.proto.Progress;
import org.simreg.proto.StateChanged;
import org.simreg.proto.StepDone;

class JobStoryTest {
    private final JobStory story = new JobStory();
    private long now = 1000;

    private Progress.Builder event() {
        return Progress.newBuilder().setTimeMs(now += 1000);
    }

    private void step(long step, double loss) {
        StepDone.Builder done =
                StepDone.newBuilder().setStep(step).setLoss(loss).setEpoch(2);
        done.setSeconds(0.5).setTeacherSeconds(0.125).setStudentSeconds(0.25).setImages(8);
        story.add(event().setStep(done).build());
    }

    private void begin(int number, long step, String reason) {
        GenerationBegun.Builder begun = GenerationBegun.newBuilder().setNumber(number);
        begun.setStep(step).setReason(reason).addWorkers("w1").addWorkers("w2");
        story.add(event().setGeneration(begun).build());
    }

    private void state(JobState state) {
        story.add(event().setState(StateChanged.newBuilder().setState(state)).build());
    }

    private void score(String subject, int epoch, double accuracy) {
        EvaluationDone.Builder done = EvaluationDone.newBuilder().setSubject(subject);
        done.setEpoch(epoch).addKnn(KnnScore.newBuilder().setK(20).setAccuracy(accuracy));
        story.add(event().setEvaluation(done).build());
    }

    private static JsonObject only(JsonArray array) {
        assertEquals(1, array.size(), array.toString());
        return array.get(0).getAsJsonObject();
    }

    @Test
    void aViewerWhoComesNowGetsEverything() {
        story.add(event().setStarted(JobStarted.newBuilder()
                        .setDescription("a -> b")
                        .setStepsPerEpoch(4)
                        .setTotalSteps(12)
                        .setEpochs(3)
                        .setBatch(8))
                .build());
        step(1, 2);
        step(2, 1.5);
        score("student", 1, 0.25);
        story.add(event().setNotice(Notice.newBuilder().setText("a line\nmore")).build());
        String line = story.whole().toString();
        assertFalse(line.contains("\n"), "one line for a server-sent event");
        JsonObject whole = JsonParser.parseString(line).getAsJsonObject();
        assertEquals("[[1,2.0],[2,1.5]]", whole.get("loss").toString());
        assertEquals(
                "{\"subject\":\"student\",\"epoch\":1,\"k\":20,\"accuracy\":0.25}",
                only(whole.getAsJsonArray("accuracy")).toString());
        assertEquals("a line\nmore", whole.getAsJsonArray("notices").get(0).getAsString());
        assertEquals("a -> b", whole.get("what").getAsString());
        assertEquals(12, whole.get("totalSteps").getAsInt());
        JsonObject pace = whole.getAsJsonObject("pace");
        assertEquals(2, pace.get("steps").getAsInt());
        assertEquals(16, pace.get("rate").getAsDouble(), 1e-9);
        assertEquals(0.25, pace.getAsJsonObject("parts").get("other").getAsDouble(), 1e-9);
        assertEquals(2, pace.get("epoch").getAsInt());
    }

    @Test
    void newsAreWhatCameSinceTheyWereTold() {
        step(1, 2);
        assertTrue(story.hasNews());
        story.forget();
        assertFalse(story.hasNews());
        step(2, 1);
        JsonObject news = story.news();
        assertEquals("[[2,1.0]]", news.get("points").toString());
        assertFalse(news.has("accuracy"), "lists only when they have changed");
        score("student", 1, 0.5);
        assertTrue(story.news().has("accuracy"));
        story.forget();
        assertEquals("[]", story.news().get("points").toString());
    }

    @Test
    void manyNewStepsAreFewPointsThatEndWithTheLast() {
        for (int step = 1; step <= 100_000; step++) {
            step(step, 3);
        }
        JsonArray points = story.news().getAsJsonArray("points");
        assertTrue(points.size() <= 50, points.size() + " points");
        assertEquals("[100000,3.0]", points.get(points.size() - 1).toString());
        assertEquals(50, story.news().getAsJsonObject("pace").get("steps").getAsInt());
    }

    @Test
    void aGenerationEndsWhenAnotherBeginsAndTakesStepsBack() {
        begin(1, 0, "begins");
        step(1, 3);
        step(2, 2);
        begin(2, 1, "w2 was lost");
        step(2, 1);
        JsonObject whole = story.whole();
        assertEquals("[[1,3.0],[2,1.0]]", whole.get("loss").toString());
        JsonArray generations = whole.getAsJsonArray("generations");
        assertEquals(2, whole.get("generationsBegun").getAsInt());
        JsonObject first = generations.get(0).getAsJsonObject();
        assertEquals(2000, first.get("began").getAsLong());
        assertEquals(5000, first.get("ended").getAsLong());
        assertFalse(first.has("outcome"));
        JsonObject second = generations.get(1).getAsJsonObject();
        assertEquals("w2 was lost", second.get("reason").getAsString());
        assertEquals("[\"w1\",\"w2\"]", second.get("workers").toString());
        assertFalse(second.has("ended"), "it goes on");
    }

    @Test
    void aStateInWhichTheJobRestsEndsItsGenerationOnce() {
        begin(1, 0, "begins");
        state(JobState.RUNNING);
        state(JobState.PAUSED);
        state(JobState.CANCELLED);
        JsonObject only = only(story.whole().getAsJsonArray("generations"));
        assertEquals("paused", only.get("outcome").getAsString());
        assertEquals(4000, only.get("ended").getAsLong());
    }

    @Test
    void whatIsKeptIsBounded() {
        for (int i = 1; i <= 3000; i++) {
            begin(i, 0, "again");
            score("teacher " + i, 0, 0.5);
            story.add(
                    event().setNotice(Notice.newBuilder().setText("note " + i)).build());
        }
        JsonObject whole = story.whole();
        assertEquals(3000, whole.get("generationsBegun").getAsInt());
        assertEquals(300, whole.getAsJsonArray("generations").size());
        assertEquals(2000, whole.getAsJsonArray("accuracy").size());
        assertEquals(20, whole.getAsJsonArray("notices").size());
        assertEquals(
                List.of("note 2981", "note 3000"),
                List.of(
                        whole.getAsJsonArray("notices").get(0).getAsString(),
                        whole.getAsJsonArray("notices").get(19).getAsString()));
    }

    @Test
    void aScoreThatComesAgainReplacesTheFormer() {
        score("student", 1, 0.25);
        score("student", 1, 0.5);
        JsonObject only = only(story.whole().getAsJsonArray("accuracy"));
        assertEquals(0.5, only.get("accuracy").getAsDouble());
    }
}
