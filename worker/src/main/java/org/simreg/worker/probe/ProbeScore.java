package org.simreg.worker.probe;

/**
 * A linear probe after an epoch.
 *
 * @param rate its learning rate at the start
 * @param epoch from 1
 * @param loss mean cross entropy over the train rows of the epoch, each before its step
 * @param top1 part of the val rows whose class is the likeliest, 0 to 1
 * @param top5 part whose class is among the five likeliest; a class counts as found only if it is
 *     strictly likelier than those it leaves out
 */
public record ProbeScore(double rate, int epoch, double loss, double top1, double top5) {}
