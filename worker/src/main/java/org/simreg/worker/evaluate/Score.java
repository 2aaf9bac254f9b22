package org.simreg.worker.evaluate;

/**
 * Accuracy of one evaluation rule.
 *
 * @param k neighbours that voted
 * @param accuracy part of the queries whose class was found, 0 to 1
 */
public record Score(int k, double accuracy) {}
