/**
 * The scheduling of jobs on workers: pure decisions, each with a sentence of why. Read {@link
 * org.simreg.coordinator.job.schedule.JobScheduler} first; its input is {@code JobView}, its output
 * {@code Decision}.
 */
package org.simreg.coordinator.job.schedule;
