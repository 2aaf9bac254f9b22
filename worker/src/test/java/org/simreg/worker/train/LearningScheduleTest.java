package org.simreg.worker.train;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.simreg.proto.Optimization;

/** Tests of learning rates and decays against the formulas, worked out by hand. */
class LearningScheduleTest {
    private static final double TIGHT = 1e-15;

    @Test
    void theCosineFallsOnceAnEpoch() {
        LearningSchedule schedule = schedule(4, 0, Optimization.Schedule.COSINE);
        double[] epochs = {0.4, 0.2 * (1 + Math.sqrt(0.5)), 0.2, 0.2 * (1 - Math.sqrt(0.5))};
        for (int step = 0; step < 40; step++) {
            assertEquals(epochs[step / 10], schedule.rate(step), TIGHT, "step " + step);
        }
    }

    @Test
    void thePapersLastEpochIsNearlyZero() {
        Optimization paper =
                Optimization.newBuilder().setEpochs(130).setLr(0.05).build();
        double rate = new LearningSchedule(paper, 0, 5004).rate(130L * 5004 - 1);
        assertEquals(0.05 * Math.pow(Math.sin(Math.PI / 260), 2), rate, 1e-15);
    }

    @Test
    void warmUpRisesWithEveryStepThenTheCosineHasTheRest() {
        LearningSchedule schedule = schedule(4, 2, Optimization.Schedule.COSINE);
        for (int step = 0; step < 20; step++) {
            assertEquals(0.4 * (step + 1) / 20, schedule.rate(step), TIGHT, "step " + step);
        }
        assertEquals(0.4, schedule.rate(20), TIGHT);
        assertEquals(0.2, schedule.rate(30), TIGHT);
    }

    @Test
    void aConstantRateStaysAfterItsWarmUp() {
        LearningSchedule schedule = schedule(4, 1, Optimization.Schedule.CONSTANT);
        assertEquals(0.04, schedule.rate(0), TIGHT);
        assertEquals(0.4, schedule.rate(9), TIGHT);
        assertEquals(0.4, schedule.rate(39), TIGHT);
    }

    @Test
    void theCosineFallsToTheFloor() {
        Optimization floored =
                optimization(4, 0, Optimization.Schedule.COSINE).setMinLr(0.1).build();
        LearningSchedule schedule = new LearningSchedule(floored, 0.9, 10);
        double[] epochs = {0.4, 0.1 + 0.15 * (1 + Math.sqrt(0.5)), 0.25, 0.1 + 0.15 * (1 - Math.sqrt(0.5))};
        for (int step = 0; step < 40; step++) {
            assertEquals(epochs[step / 10], schedule.rate(step), TIGHT, "step " + step);
        }
    }

    @Test
    void ratesFor256ImagesAreScaledToTheBatch() {
        Optimization scaled = optimization(4, 0, Optimization.Schedule.COSINE)
                .setLrPer256(true)
                .setBatch(1024)
                .setMinLr(0.1)
                .build();
        LearningSchedule schedule = new LearningSchedule(scaled, 0.9, 10);
        assertEquals(1.6, schedule.rate(0), TIGHT);
        assertEquals(1.0, schedule.rate(20), TIGHT);
    }

    @Test
    void aWarmUpInStepsMayEndWithinAnEpoch() {
        Optimization warmed = optimization(4, 0, Optimization.Schedule.COSINE)
                .setWarmupSteps(15)
                .build();
        LearningSchedule schedule = new LearningSchedule(warmed, 0.9, 10);
        for (int step = 0; step < 15; step++) {
            assertEquals(0.4 * (step + 1) / 15, schedule.rate(step), TIGHT, "step " + step);
        }
        assertEquals(0.4, schedule.rate(19), TIGHT, "the rest of the epoch");
        assertEquals(0.2 * (1 + Math.cos(Math.PI * 0.5 / 2.5)), schedule.rate(20), TIGHT);
        assertEquals(0.2 * (1 + Math.cos(Math.PI * 1.5 / 2.5)), schedule.rate(39), TIGHT);
    }

    @Test
    void aWarmUpOfWholeEpochsIsTheSameInSteps() {
        Optimization epochs = optimization(7, 2, Optimization.Schedule.COSINE).build();
        Optimization steps = optimization(7, 0, Optimization.Schedule.COSINE)
                .setWarmupSteps(20)
                .build();
        for (int step = 0; step < 70; step++) {
            assertEquals(
                    new LearningSchedule(epochs, 0, 10).rate(step),
                    new LearningSchedule(steps, 0, 10).rate(step),
                    "to the bit, step " + step);
        }
    }

    @Test
    void theStudentsAverageKeepsLittleAtFirst() {
        Optimization averaged = optimization(4, 0, Optimization.Schedule.COSINE)
                .setEmaDecay(0.5)
                .build();
        LearningSchedule schedule = new LearningSchedule(averaged, 0, 10);
        assertEquals(0.1, schedule.emaDecay(0), TIGHT);
        assertEquals(8 / 17.0, schedule.emaDecay(7), TIGHT);
        assertEquals(0.5, schedule.emaDecay(8), TIGHT);
        assertEquals(0.5, schedule.emaDecay(1000), TIGHT);
    }

    @Test
    void theMomentumTeachersDecayRisesToOneByACosineOfTheStep() {
        LearningSchedule schedule = schedule(4, 0, Optimization.Schedule.COSINE);
        assertEquals(0.9, schedule.decay(0), TIGHT);
        assertEquals(1 - 0.1 * (1 + Math.sqrt(0.5)) / 2, schedule.decay(10), TIGHT);
        assertEquals(0.95, schedule.decay(20), TIGHT);
        assertEquals(1, schedule.decay(40), TIGHT);
        assertEquals(1 - 0.1 * (1 + Math.cos(Math.PI * 7 / 40)) / 2, schedule.decay(7), TIGHT);
    }

    private static LearningSchedule schedule(int epochs, int warmUp, Optimization.Schedule kind) {
        return new LearningSchedule(optimization(epochs, warmUp, kind).build(), 0.9, 10);
    }

    private static Optimization.Builder optimization(int epochs, int warmUp, Optimization.Schedule kind) {
        return Optimization.newBuilder()
                .setEpochs(epochs)
                .setWarmupEpochs(warmUp)
                .setLr(0.4)
                .setSchedule(kind);
    }
}
