/**
 * One job: record, run files, ledger, events, who watches; the queue. The rooms below: {@code
 * schedule} (who computes what, by pure decisions), {@code scale} (how many workers are wanted),
 * {@code file} (a job as YAML or JSON).
 */
package org.simreg.coordinator.job;
