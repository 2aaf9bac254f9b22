package org.simreg.coordinator.job;

/**
 * The sums over the steps of one epoch that are in the ledger, what was taken back aside.
 *
 * @param steps how many
 * @param losses sum of their losses, added in the order of the steps
 * @param seconds sum of their wall times; of steps from before the ledger was opened, by the times
 *     of its lines
 * @param images sum of their samples
 */
public record EpochSum(long steps, double losses, double seconds, long images) {
    /** No step yet. */
    public static final EpochSum EMPTY = new EpochSum(0, 0, 0, 0);
}
