/** A worker's line to the coordinator: what it is told to run and what it reports. */
package org.simreg.worker.cluster;
