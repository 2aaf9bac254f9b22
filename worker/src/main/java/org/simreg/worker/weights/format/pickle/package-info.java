/** Pickles as data; nothing in them is executed. */
package org.simreg.worker.weights.format.pickle;
