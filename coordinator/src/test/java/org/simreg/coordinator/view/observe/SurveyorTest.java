package org.simreg.coordinator.view.observe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.simreg.proto.JobState;
import org.simreg.proto.JobStatus;
import org.simreg.proto.WorkerStatus;

class SurveyorTest {
    private static final ClusterSurvey SURVEY = new ClusterSurvey(
            Map.of(JobState.RUNNING, 2L, JobState.QUEUED, 3L),
            List.of(
                    job("fast", JobState.RUNNING, 30),
                    job("slow", JobState.RUNNING, 5),
                    job("waits", JobState.QUEUED, 0)),
            List.of(WorkerStatus.newBuilder()
                    .setWorker("w1")
                    .setState(WorkerStatus.State.TRAINING)
                    .build()));

    private final List<CompletableFuture<ClusterSurvey>> asked = new ArrayList<>();
    private final Meters meters = new Meters();
    private final Surveyor surveyor = new Surveyor(this::ask);

    private static JobStatus job(String id, JobState state, long step) {
        return JobStatus.newBuilder()
                .setId(id)
                .setState(state)
                .setStep(step)
                .setTotalSteps(40)
                .setLoss(1.5)
                .build();
    }

    private CompletableFuture<ClusterSurvey> ask() {
        CompletableFuture<ClusterSurvey> answer = new CompletableFuture<>();
        asked.add(answer);
        return answer;
    }

    @AfterEach
    void close() {
        meters.close();
    }

    @Test
    void aCoordinatorThatDoesNotAnswerIsNotAskedAgainMeanwhile() {
        surveyor.survey();
        surveyor.survey();
        assertEquals(1, asked.size());
        assertSame(ClusterSurvey.EMPTY, surveyor.latest());
        asked.get(0).complete(SURVEY);
        assertSame(SURVEY, surveyor.latest());
        surveyor.survey();
        assertEquals(2, asked.size());
    }

    @Test
    void aFailureKeepsTheLastSurveyAndItsAge() {
        surveyor.survey();
        asked.get(0).complete(SURVEY);
        surveyor.survey();
        asked.get(1).completeExceptionally(new IllegalStateException("it is closed"));
        assertSame(SURVEY, surveyor.latest());
        surveyor.survey();
        assertEquals(3, asked.size());
        assertFalse(surveyor.age().isNegative());
    }

    @Test
    void jobsAndWorkersAreShownByState() {
        surveyor.bindTo(meters);
        surveyor.survey();
        asked.get(0).complete(SURVEY);
        assertEquals(2, Scrape.value(meters, "simreg_jobs{state=\"running\"}"));
        assertEquals(3, Scrape.value(meters, "simreg_jobs{state=\"queued\"}"));
        assertEquals(0, Scrape.value(meters, "simreg_jobs{state=\"failed\"}"));
        assertEquals(1, Scrape.value(meters, "simreg_workers{state=\"training\"}"));
        assertEquals(0, Scrape.value(meters, "simreg_workers{state=\"idle\"}"));
    }

    @Test
    void onlyRunningJobsHaveALossAndAShareOfTheirSteps() {
        surveyor.bindTo(meters);
        surveyor.survey();
        asked.get(0).complete(SURVEY);
        surveyor.scrape(meters);
        assertEquals(0.75, Scrape.value(meters, "simreg_job_progress_ratio{job=\"fast\"}"));
        assertEquals(0.125, Scrape.value(meters, "simreg_job_progress_ratio{job=\"slow\"}"));
        assertEquals(1.5, Scrape.value(meters, "simreg_job_loss{job=\"fast\"}"));
        assertFalse(surveyor.scrape(meters).contains("job=\"waits\""));
        surveyor.survey();
        asked.get(1).complete(ClusterSurvey.EMPTY);
        assertFalse(surveyor.scrape(meters).contains("job=\"fast\""));
    }

    /** Two gauges of one name and label are an error of the whole scrape. */
    @Test
    void manyScrapeAtOnce() {
        surveyor.bindTo(meters);
        surveyor.survey();
        asked.get(0).complete(SURVEY);
        List<CompletableFuture<Void>> scrapes = Stream.generate(() -> CompletableFuture.runAsync(() -> {
                    for (int i = 0; i < 100; i++) {
                        assertTrue(surveyor.scrape(meters).contains("job=\"fast\""));
                    }
                }))
                .limit(8)
                .toList();
        CompletableFuture.allOf(scrapes.toArray(CompletableFuture[]::new)).join();
    }
}
