package org.simreg.worker.train;

import org.simreg.proto.Job;
import org.simreg.proto.Optimization;

/**
 * Learning rate and momentum-teacher decay of a job, as functions of the step alone.
 *
 * @param optimization completed
 * @param averageDecay of the momentum teacher at the start
 * @param stepsPerEpoch at least 1
 */
record LearningSchedule(Optimization optimization, double averageDecay, long stepsPerEpoch) {
    static LearningSchedule of(Job job, TrainingPlan plan) {
        return new LearningSchedule(
                job.getOptimization(), job.getMomentumTeacher().getDecay(), plan.stepsPerEpoch());
    }

    /** Learning rate of a step: linear warm-up by the step, then a cosine to 0 by the epoch. */
    double rate(long step) {
        long warmUp = optimization.getWarmupEpochs() * stepsPerEpoch;
        if (step < warmUp) {
            return optimization.getLr() * (step + 1) / warmUp;
        }
        if (optimization.getSchedule() == Optimization.Schedule.CONSTANT) {
            return optimization.getLr();
        }
        double passed = step / stepsPerEpoch - optimization.getWarmupEpochs();
        double epochs = optimization.getEpochs() - optimization.getWarmupEpochs();
        return optimization.getLr() * (1 + StrictMath.cos(StrictMath.PI * passed / epochs)) / 2;
    }

    /**
     * Part of the momentum teacher that stays in a step; rises to 1 by a cosine.
     *
     * @see <a href="https://arxiv.org/abs/2006.07733">Grill et al. 2020, section 3.2</a>
     */
    double decay(long step) {
        double passed = (double) step / (stepsPerEpoch * optimization.getEpochs());
        return 1 - (1 - averageDecay) * (StrictMath.cos(StrictMath.PI * passed) + 1) / 2;
    }
}
