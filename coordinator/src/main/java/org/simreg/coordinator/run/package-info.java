/**
 * The run folders of jobs on the coordinator's storage: one event log, from which metrics and
 * TensorBoard's file are made, a ledger, checkpoints, what is made of them at the end, and the
 * audit that proves from the ledger that no sample was lost or doubled.
 */
package org.simreg.coordinator.run;
