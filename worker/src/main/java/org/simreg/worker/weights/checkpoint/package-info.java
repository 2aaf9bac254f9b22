/** Finds and checks a network's weights in any file. */
package org.simreg.worker.weights.checkpoint;
