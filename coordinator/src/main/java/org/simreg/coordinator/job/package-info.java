/** What is asked for: a job's file form, and its run on one machine. */
package org.simreg.coordinator.job;
