/** How many workers are wanted, and why. */
package org.simreg.coordinator.job.scale;
