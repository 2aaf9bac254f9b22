/**
 * The weights of a network, found and checked in any file. Read {@link
 * org.simreg.worker.weights.checkpoint.WeightsFile}, then {@link
 * org.simreg.worker.weights.checkpoint.NetworkFit}.
 */
package org.simreg.worker.weights.checkpoint;
