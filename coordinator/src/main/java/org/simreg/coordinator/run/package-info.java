/**
 * The folder of one job on the coordinator's storage: events, ledger, checkpoints, what is made of
 * them at the end, and the audit that proves from the ledger that no sample was lost or doubled.
 */
package org.simreg.coordinator.run;
