/**
 * What a person sees of a run: the progress line, the run folder and the report.
 *
 * <p>A run folder holds {@code job.yaml} (all settings), {@code metrics.jsonl} (every event as one
 * line of JSON, the record from which the rest is made), {@code events.out.tfevents.*} (the same
 * numbers for TensorBoard), {@code ledger.jsonl} (every committed step, for the audit), {@code
 * events.log} (every event ever, for clients that watch), {@code checkpoints/} (to resume from),
 * {@code student/} (the trained network in several formats) and {@code report.html} (one page that
 * opens offline).
 */
package org.simreg.coordinator.status;
