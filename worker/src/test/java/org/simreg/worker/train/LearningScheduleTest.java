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
    void theMomentumTeachersDecayRisesToOneByACosineOfTheStep() {
        LearningSchedule schedule = schedule(4, 0, Optimization.Schedule.COSINE);
        assertEquals(0.9, schedule.decay(0), TIGHT);
        assertEquals(1 - 0.1 * (1 + Math.sqrt(0.5)) / 2, schedule.decay(10), TIGHT);
        assertEquals(0.95, schedule.decay(20), TIGHT);
        assertEquals(1, schedule.decay(40), TIGHT);
        assertEquals(1 - 0.1 * (1 + Math.cos(Math.PI * 7 / 40)) / 2, schedule.decay(7), TIGHT);
    }

    private static LearningSchedule schedule(int epochs, int warmUp, Optimization.Schedule kind) {
        Optimization optimization = Optimization.newBuilder()
                .setEpochs(epochs)
                .setWarmupEpochs(warmUp)
                .setLr(0.4)
                .setSchedule(kind)
                .build();
        return new LearningSchedule(optimization, 0.9, 10);
    }
}
