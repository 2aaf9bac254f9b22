/**
 * The mean gradient of a step: a sum in a fixed binary tree over the micro-batches, so that its
 * bits don't depend on who computed which. Among several workers partial sums travel in frames over
 * TCP or the event bus, and so does the state that a newcomer gets from a peer.
 */
package org.simreg.worker.reduce;
