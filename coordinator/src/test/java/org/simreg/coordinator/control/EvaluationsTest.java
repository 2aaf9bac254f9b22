package org.simreg.coordinator.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.simreg.proto.Generation;
import org.simreg.proto.Generation.Measurement;
import org.simreg.proto.Job;
import org.simreg.proto.JobEvent;
import org.simreg.proto.JobState;
import org.simreg.proto.JobStatus;
import org.simreg.proto.Measured;
import org.simreg.proto.Progress;
import org.simreg.proto.Report;

/** The coordinator's handling of what workers have measured. */
class EvaluationsTest {
    private final World world = new World(2);

    private JobStatus status() {
        return world.coordinator().get("one");
    }

    private long evaluations() {
        return world.files("one").events.stream()
                .filter(event -> event.getProgress().hasEvaluation())
                .count();
    }

    @Test
    void anEvaluationThatIsReportedTwiceIsToldOnce() {
        world.worker("a");
        world.worker("b");
        world.submit(World.job("one"));
        world.until(() -> world.files("one").head().step() == 30, 60_000);
        world.workers.values().forEach(FakeWorker::disconnect);
        world.until("one", JobState.SUCCEEDED, 60_000);
        assertEquals(1, evaluations());
    }

    @Test
    void anEvaluationWhoseStepsAreTakenBackIsMadeAgain() {
        FakeWorker worker = world.worker("a");
        Job.Builder job = World.job("one");
        job.getCheckpointsBuilder().setEverySteps(25);
        world.submit(job);
        world.until(() -> evaluations() == 1, 60_000);
        worker.kill();
        worker.start();
        world.until(() -> status().getGeneration() == 2, 60_000);
        Generation second = world.store.records.get("one").getGeneration();
        assertEquals(25, second.getStep());
        assertEquals(0, second.getMeasuredCount());
        world.until("one", JobState.SUCCEEDED, 60_000);
        assertEquals(1, world.files("one").rewinds());
        assertEquals(2, evaluations());
        assertEquals(1, world.store.records.get("one").getMeasuredCount());
    }

    @Test
    void whatAGenerationHasMeasuredCountsInTheNext() {
        FakeWorker worker = world.worker("a");
        world.submit(World.job("one"));
        world.until(() -> status().getStep() > 0, 10_000);
        world.worker("b");
        world.until(() -> status().getGeneration() > 1 && status().getStep() > 10, 10_000);
        for (int epoch : new int[] {1, 1, 3}) {
            Measured.Builder measured = Measured.newBuilder().setJob("one").setGeneration(1);
            measured.getEvaluationBuilder().setSubject("student").setEpoch(epoch);
            worker.send(Report.newBuilder().setMeasured(measured));
        }
        world.until(() -> events().anyMatch(Progress::hasEvaluation), 1000);
        world.run(5);
        assertTrue(status().getStep() < 30);
        assertEquals(
                List.of(1),
                events().filter(Progress::hasEvaluation)
                        .map(event -> event.getEvaluation().getEpoch())
                        .toList());
    }

    private Stream<Progress> events() {
        return world.files("one").events.stream().map(JobEvent::getProgress);
    }

    private static Measurement student(int epoch) {
        return Measurement.newBuilder().setSubject("student").setEpoch(epoch).build();
    }

    @Test
    void aMeasurementIsAcknowledgedAgainIfTheFirstAnswerWasLost() {
        FakeWorker worker = world.worker("a");
        Job.Builder job = World.job("one");
        job.getEvaluationBuilder().setPatience(5);
        world.submit(job);
        world.until(() -> evaluations() == 1, 60_000);
        worker.disconnect(); // the answer has not come
        assertEquals(List.of(), worker.acknowledged);
        assertEquals(10, worker.committed());
        world.until(() -> worker.acknowledged.contains(student(1)), 10_000);
        world.until("one", JobState.SUCCEEDED, 60_000);
        assertEquals(3, evaluations());
    }
}
