/** Measurements of a whole cluster of processes on this machine. */
package org.simreg.coordinator.bench;
