/**
 * The coordinator itself: its workers, its jobs, and the carrying out of what the scheduler
 * decides. One thread owns all of it.
 */
package org.simreg.coordinator.cluster;
