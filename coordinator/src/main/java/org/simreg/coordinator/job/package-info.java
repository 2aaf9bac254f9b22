/**
 * The jobs of a coordinator: record, run files, ledger, events, watches; the queue. Read {@link
 * org.simreg.coordinator.job.JobRun} first, then {@code LedgerWriter}. The rooms below: {@code
 * schedule} (who computes what, by pure decisions), {@code scale} (how many workers are wanted),
 * {@code help} (how many helpers pay, and what they are told),
 * {@code file} (a job as YAML or JSON).
 */
package org.simreg.coordinator.job;
