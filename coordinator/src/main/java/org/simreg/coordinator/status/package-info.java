/**
 * What a person sees of a run: the progress line, the run folder and the report.
 *
 * <p>A run folder holds {@code job.yaml} (all settings), {@code events.log} (every event ever, for
 * clients that watch; the next two are made of it), {@code metrics.jsonl} (every event that counts
 * as one line of JSON), {@code events.out.tfevents.*} (the same numbers for TensorBoard), {@code
 * ledger.jsonl} (every committed step, for the audit), {@code checkpoints/} (to resume from),
 * {@code student/} (the trained network in several formats) and {@code report.html} (one page that
 * opens offline).
 */
package org.simreg.coordinator.status;
