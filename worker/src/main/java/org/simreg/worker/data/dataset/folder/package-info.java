/** A data set as a folder tree: listing, index, plain files. */
package org.simreg.worker.data.dataset.folder;
