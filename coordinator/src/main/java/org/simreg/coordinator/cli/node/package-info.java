/** The commands about the processes of a cluster: coordinator, worker, workers, scale, token. */
package org.simreg.coordinator.cli.node;
