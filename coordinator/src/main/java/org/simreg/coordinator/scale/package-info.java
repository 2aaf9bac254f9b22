/**
 * The number of workers wanted: a pure function of what the jobs can use, within bounds that may be
 * set while the coordinator runs, and slow to go down.
 */
package org.simreg.coordinator.scale;
