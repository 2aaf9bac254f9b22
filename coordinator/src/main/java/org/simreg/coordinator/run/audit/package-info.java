/**
 * The audit of a run: whether its ledger lost or doubled a step or a sample. Read {@link
 * org.simreg.coordinator.run.audit.Audit} first.
 */
package org.simreg.coordinator.run.audit;
