package org.simreg.coordinator.view.observe;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.simreg.proto.GenerationBegun.Cause;
import org.simreg.proto.JobState;
import org.simreg.proto.Progress;
import org.simreg.proto.StepDone;

class JobMetersTest {
    private final Meters meters = new Meters();
    private final JobMeters jobs = new JobMeters(meters);

    @AfterEach
    void close() {
        meters.close();
    }

    @Test
    void stepsAddUpImagesAndTimes() {
        StepDone step = StepDone.newBuilder()
                .setImages(64)
                .setSeconds(0.5)
                .setDataSeconds(0.125)
                .setTeacherSeconds(0.25)
                .setReduceSeconds(0.0625)
                .build();
        jobs.saw("one", Progress.newBuilder().setStep(step).build());
        jobs.saw("other", Progress.newBuilder().setStep(step).build());
        assertEquals(128, Scrape.value(meters, "simreg_images_total"));
        assertEquals(2, Scrape.value(meters, "simreg_step_seconds_count"));
        assertEquals(1, Scrape.value(meters, "simreg_step_seconds_sum"));
        assertEquals(0.25, part("data"));
        assertEquals(0.5, part("teacher"));
        assertEquals(0, part("student"));
        assertEquals(0.125, part("reduce"));
        assertEquals(0, part("update"));
    }

    private double part(String name) {
        return Scrape.value(meters, "simreg_step_part_seconds_total{part=\"" + name + "\"}");
    }

    @Test
    void everyReasonAndStateIsThereBeforeItsFirstTime() {
        assertEquals(0, Scrape.value(meters, "simreg_generations_total{reason=\"loss\"}"));
        assertEquals(0, Scrape.value(meters, "simreg_job_changes_total{state=\"failed\"}"));
        Progress.Builder lost = Progress.newBuilder();
        lost.getGenerationBuilder().setCause(Cause.LOSS);
        jobs.saw("one", lost.build());
        Progress.Builder failed = Progress.newBuilder();
        failed.getStateBuilder().setState(JobState.FAILED);
        jobs.saw("one", failed.build());
        assertEquals(1, Scrape.value(meters, "simreg_generations_total{reason=\"loss\"}"));
        assertEquals(1, Scrape.value(meters, "simreg_job_changes_total{state=\"failed\"}"));
    }

    @Test
    void aReasonOfANewerVersionIsCountedAsUnsaid() {
        Progress.Builder begun = Progress.newBuilder();
        begun.getGenerationBuilder().setCauseValue(1000);
        jobs.saw("one", begun.build());
        assertEquals(1, Scrape.value(meters, "simreg_generations_total{reason=\"unsaid\"}"));
    }

    @Test
    void aStateOfANewerVersionIsNotCounted() {
        Progress.Builder changed = Progress.newBuilder();
        changed.getStateBuilder().setStateValue(1000);
        jobs.saw("one", changed.build());
        for (JobState state : JobState.values()) {
            if (state != JobState.UNRECOGNIZED) {
                String label = "{state=\"" + JobMeters.label(state) + "\"}";
                assertEquals(0, Scrape.value(meters, "simreg_job_changes_total" + label));
            }
        }
    }

    @Test
    void checkpointsAndNoticesAreCounted() {
        Progress.Builder checkpoint = Progress.newBuilder();
        checkpoint.getCheckpointBuilder();
        jobs.saw("one", checkpoint.build());
        Progress.Builder notice = Progress.newBuilder();
        notice.getNoticeBuilder();
        jobs.saw("one", notice.build());
        jobs.saw("one", notice.build());
        assertEquals(1, Scrape.value(meters, "simreg_checkpoints_total"));
        assertEquals(2, Scrape.value(meters, "simreg_notices_total"));
    }
}
