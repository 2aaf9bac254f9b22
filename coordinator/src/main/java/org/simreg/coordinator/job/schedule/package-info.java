/** Who computes what: pure decisions with a sentence of why. */
package org.simreg.coordinator.job.schedule;
