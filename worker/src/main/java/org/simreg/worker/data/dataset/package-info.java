/**
 * The samples of a data set: ids, names, classes, digest, and where their bytes are read. Read
 * {@link org.simreg.worker.data.dataset.ImageList} first.
 */
package org.simreg.worker.data.dataset;
