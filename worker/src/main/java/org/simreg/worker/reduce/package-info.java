/**
 * The mean gradient of a step: a sum in a fixed binary tree over the micro-batches, so that its
 * bits don't depend on who computed which.
 */
package org.simreg.worker.reduce;
