/**
 * The files that a run writes line by line: ledger, event log, metrics, TensorBoard's events. Read
 * {@link org.simreg.coordinator.run.log.Ledger} and {@link org.simreg.coordinator.run.log.EventLog}
 * first.
 */
package org.simreg.coordinator.run.log;
