package org.simreg.proto;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;
import org.simreg.proto.Optimization.Optimizer;
import org.simreg.proto.Optimization.Schedule;

/** Tests of the settings of optimizers: defaults of each, and what doesn't go together. */
class OptimizationSettingsTest {
    private static Job.Builder with(Optimizer optimizer) {
        Job.Builder job = JobSettingsTest.smallest();
        job.getOptimizationBuilder().setOptimizer(optimizer);
        return job;
    }

    @ParameterizedTest
    @CsvSource({"SGD, 0.05, 0.0001, true", "ADAMW, 0.0005, 0.05, false", "LARS, 0.3, 0.000001, false"})
    void everyOptimizerHasDefaultsOfItsOwn(Optimizer optimizer, double lr, double decay, boolean all) {
        Optimization made = JobSettings.complete(with(optimizer).build()).getOptimization();
        assertEquals(lr, made.getLr());
        assertEquals(decay, made.getWeightDecay());
        assertEquals(all, made.getDecayNormBias());
        assertEquals(0.9, made.getMomentum());
        assertEquals(optimizer == Optimizer.ADAMW, made.hasBeta2());
        assertEquals(optimizer == Optimizer.ADAMW, made.hasEpsilon());
        assertEquals(optimizer == Optimizer.LARS, made.hasTrustCoefficient());
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "UNRECOGNIZED")
    void completingACompletedJobChangesNothing(Optimizer optimizer) {
        Job.Builder asked = with(optimizer);
        asked.getOptimizationBuilder().setLrPer256(true).setEmaDecay(0.999).setClipNorm(1);
        Job once = JobSettings.complete(asked.build());
        assertEquals(once, JobSettings.complete(once));
        assertEquals(once, JobSettings.renewed(once));
    }

    @Test
    void aJobFromBeforeThereWereOptimizersIsOneOfSgd() {
        Job now = JobSettings.complete(JobSettingsTest.smallest().build());
        Job.Builder before = now.toBuilder();
        before.getOptimizationBuilder()
                .clearOptimizer()
                .clearLrPer256()
                .clearMinLr()
                .clearWarmupSteps()
                .clearDecayNormBias()
                .clearClipNorm()
                .clearEmaDecay();
        assertEquals(now, JobSettings.renewed(before.build()));
    }

    @Test
    void aJobFromBeforeThereWasAChoiceOfInterpolationIsBilinear() {
        Job now = JobSettings.complete(JobSettingsTest.smallest().build());
        assertEquals(Views.Resizing.TEACHER, now.getViews().getInterpolation());
        Job.Builder before = now.toBuilder();
        before.getViewsBuilder().clearInterpolation();
        assertEquals(
                Views.Resizing.BILINEAR,
                JobSettings.renewed(before.build()).getViews().getInterpolation());
    }

    @Test
    void aSettingOfAnotherOptimizerIsNamed() {
        String sgd = JobSettingsTest.refusalOf(
                with(Optimizer.SGD),
                job -> job.getOptimizationBuilder().setBeta2(0.95).setTrustCoefficient(0.02));
        JobSettingsTest.assertSays(
                sgd,
                "optimization.beta2 (--beta2): 0.95 has no effect with the optimizer sgd; leave it out",
                "optimization.trust_coefficient (--trust-coefficient): 0.02 has no effect with the optimizer sgd");
        String lars = JobSettingsTest.refusalOf(
                with(Optimizer.LARS), job -> job.getOptimizationBuilder().setEpsilon(1e-6));
        JobSettingsTest.assertSays(
                lars, "optimization.epsilon (--epsilon): 0.000001 has no effect with the optimizer lars");
        assertFalse(lars.contains("\n"), lars);
    }

    @Test
    void aCompletedJobOfAnotherOptimizerIsRefusedAndNotReinterpreted() {
        Job adamw = JobSettings.complete(with(Optimizer.ADAMW).build());
        String said = JobSettingsTest.refusalOf(
                adamw.toBuilder(), job -> job.getOptimizationBuilder().setOptimizer(Optimizer.SGD));
        JobSettingsTest.assertSays(said, "optimization.beta2 (--beta2): 0.999 has no effect", "--epsilon");
    }

    @Test
    void warmUpIsInEpochsOrInSteps() {
        String said = JobSettingsTest.refusal(
                job -> job.getOptimizationBuilder().setWarmupEpochs(5).setWarmupSteps(100));
        JobSettingsTest.assertSays(
                said,
                "optimization.warmup_steps (--warmup-steps): 100 does not go with warmup_epochs 5; leave one of them out");
    }

    @Test
    void theFloorLiesBelowThePeak() {
        String high = JobSettingsTest.refusal(
                job -> job.getOptimizationBuilder().setLr(0.1).setMinLr(0.2));
        JobSettingsTest.assertSays(
                high, "optimization.min_lr (--min-lr): 0.2 is more than the peak, lr 0.1; choose at most 0.1");
        String constant = JobSettingsTest.refusal(job ->
                job.getOptimizationBuilder().setSchedule(Schedule.CONSTANT).setMinLr(0.01));
        JobSettingsTest.assertSays(constant, "0.01 has no effect with the schedule constant; leave it out");
    }

    @Test
    void anUnknownOptimizerIsRefusedWithTheKnownOnes() {
        String said =
                JobSettingsTest.refusal(job -> job.getOptimizationBuilder().setOptimizerValue(9));
        JobSettingsTest.assertSays(said, "optimization.optimizer (--optimizer): ", " is not one of sgd, adamw, lars");
    }

    @Test
    void anAverageThatNeverMovesIsOutOfBounds() {
        String said = JobSettingsTest.refusal(
                job -> job.getOptimizationBuilder().setEmaDecay(1).setClipNorm(-1));
        JobSettingsTest.assertSays(
                said,
                "optimization.ema_decay (--ema-decay): 1 is out of bounds",
                "optimization.clip_norm (--clip-norm): -1");
        assertTrue(said.contains("0 to 0.9999999"), said);
    }
}
