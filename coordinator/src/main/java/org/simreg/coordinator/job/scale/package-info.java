/**
 * The scaling of the cluster: how many workers are wanted, and why. Read {@link
 * org.simreg.coordinator.job.scale.Scaling} first.
 */
package org.simreg.coordinator.job.scale;
