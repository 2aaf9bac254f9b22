/**
 * Pickles as data, read and written; nothing in them is executed. Read {@link
 * org.simreg.worker.weights.format.pickle.Pickled} first.
 */
package org.simreg.worker.weights.format.pickle;
