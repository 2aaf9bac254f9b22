package org.simreg.coordinator.job.help;

import org.simreg.proto.StepDone;

/**
 * The cost of a job's steps as one of its members has measured it, over the last of them: a pure model of what helpers
 * would change. A step takes the member's features, one after the other, and the rest.
 *
 * @param feature seconds that one teacher's features of a micro-batch take
 * @param features that the member needs in a step
 * @param rest seconds of a step without its features and without waiting for helpers
 * @param steps that were measured
 */
public record StepCost(double feature, double features, double rest, long steps) {
    /** Before a step was measured. */
    public static final StepCost UNKNOWN = new StepCost(0, 0, 0, 0);

    /** Weight of the newest step in the means. */
    private static final double NEWEST = 0.2;

    /** The first steps of a process are slower than the others. */
    private static final int WARM = 3;

    /** What a helper takes more than a member for the same features: it decodes and sends. */
    public static final double HELPERS_MORE = 1.1;

    /** Least part of a step that helpers must be able to save. */
    private static final double WORTH = 0.05;

    /** The cost after one more step. */
    public StepCost next(StepDone step) {
        double other = Math.max(0, step.getSeconds() - step.getTeacherSeconds() - step.getHelpSeconds());
        if (steps < WARM) {
            return new StepCost(step.getFeatureSeconds(), step.getFeatures(), other, steps + 1);
        }
        return new StepCost(
                step.getFeatureSeconds(),
                mean(features, step.getFeatures()),
                mean(rest, Math.min(other, 4 * rest)),
                steps + 1);
    }

    private static double mean(double before, double now) {
        return (1 - NEWEST) * before + NEWEST * now;
    }

    /**
     * Helpers at which the members' own part of a step is all that is left of it; 0 while that is unknown, or where it
     * saves next to nothing.
     *
     * @param all features of a whole step
     */
    public double paying(int all) {
        double mine = features * feature;
        boolean known = steps >= WARM && rest > 0;
        return known && mine > WORTH * (mine + rest) ? all * feature * HELPERS_MORE / rest : 0;
    }

    /**
     * The cost where only some teachers are held by helpers: what the others take is a part of the rest.
     *
     * @param held part of the teachers, 0 to 1
     */
    public StepCost held(double held) {
        return new StepCost(feature, features * held, rest + (1 - held) * features * feature, steps);
    }

    /**
     * The part of all features that so many helpers compute in the time that the members need for the rest: then both
     * are as long at a step.
     *
     * @return 0 to 1; 1 while it is unknown
     */
    public double part(int all, int helpers) {
        double mine = features * feature;
        double theirs = all * feature * HELPERS_MORE / Math.max(1, helpers);
        return theirs <= rest || mine <= 0 ? 1 : (rest + mine) / (theirs + mine);
    }
}
