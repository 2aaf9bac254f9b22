package org.simreg.worker.train;

import org.simreg.proto.Job;
import org.simreg.proto.Optimization;
import org.simreg.worker.engine.torchscript.TrainableStudent;

/**
 * Learning rate and decays of the averages of a job, as functions of the step alone. Steps count from 0.
 *
 * @param optimization completed
 * @param teacherDecay of the momentum teacher at the start
 * @param stepsPerEpoch at least 1
 */
record LearningSchedule(Optimization optimization, double teacherDecay, long stepsPerEpoch) {
    /** Images that rates are given for with {@code lr_per_256}. */
    private static final double IMAGES = 256;

    static LearningSchedule of(Job job, TrainingPlan plan) {
        return new LearningSchedule(
                job.getOptimization(), job.getMomentumTeacher().getDecay(), plan.stepsPerEpoch());
    }

    /** All that changes from step to step. */
    TrainableStudent.Rates rates(long step) {
        return new TrainableStudent.Rates(step, rate(step), decay(step), emaDecay(step));
    }

    /** Learning rate of a step: linear warm-up by the step, then a cosine to the floor by the epoch. */
    double rate(long step) {
        double scale = optimization.getLrPer256() ? optimization.getBatch() / IMAGES : 1;
        double peak = optimization.getLr() * scale;
        long warmUp = optimization.getWarmupEpochs() * stepsPerEpoch + optimization.getWarmupSteps();
        if (step < warmUp) {
            return peak * (step + 1) / warmUp;
        }
        if (optimization.getSchedule() == Optimization.Schedule.CONSTANT) {
            return peak;
        }
        double warmEpochs = optimization.getWarmupEpochs() + (double) optimization.getWarmupSteps() / stepsPerEpoch;
        long epoch = step / stepsPerEpoch;
        double passed = Math.max(0, epoch - warmEpochs);
        double epochs = optimization.getEpochs() - warmEpochs;
        double floor = optimization.getMinLr() * scale;
        return floor + (peak - floor) * (1 + StrictMath.cos(StrictMath.PI * passed / epochs)) / 2;
    }

    /**
     * Part of the student's average that stays in a step: little in the first steps, so that the random beginning
     * doesn't stay in it.
     *
     * @see <a href="https://www.tensorflow.org/api_docs/python/tf/train/ExponentialMovingAverage">TensorFlow's rule</a>
     */
    double emaDecay(long step) {
        return Math.min(optimization.getEmaDecay(), (1.0 + step) / (10.0 + step));
    }

    /**
     * Part of the momentum teacher that stays in a step; rises to 1 by a cosine.
     *
     * @see <a href="https://arxiv.org/abs/2006.07733">Grill et al. 2020, section 3.2</a>
     */
    double decay(long step) {
        double passed = (double) step / (stepsPerEpoch * optimization.getEpochs());
        return 1 - (1 - teacherDecay) * (StrictMath.cos(StrictMath.PI * passed) + 1) / 2;
    }
}
