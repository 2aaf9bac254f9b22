package org.simreg.coordinator.job;

/**
 * The last step of a job's ledger, what was taken back aside.
 *
 * @param step last step in it, from 1; 0 if there is none
 * @param epoch of that step, from 1; 0 if there is none
 * @param loss of that step; 0 if there is none
 * @param generation last one that the ledger names, also where its steps were taken back; 0 if
 *     there is none. A job that takes the run over numbers its generations from there on
 */
public record LedgerHead(long step, int epoch, float loss, long generation) {
    /** An empty ledger. */
    public static final LedgerHead EMPTY = new LedgerHead(0, 0, 0, 0);
}
