/**
 * The helpers of a job: how many pay, which part of the teachers' features they compute, and what has become of it.
 * Read {@link org.simreg.coordinator.job.help.StepCost} first, then {@code JobHelp}.
 */
package org.simreg.coordinator.job.help;
