/**
 * The networks inside one file of weights, and the choice among them. Read {@link
 * org.simreg.worker.weights.part.PartChoice} first.
 */
package org.simreg.worker.weights.part;
