/**
 * Data sets that are folder trees: listing, index, plain files. Read {@link
 * org.simreg.worker.data.dataset.folder.FolderSource} first.
 */
package org.simreg.worker.data.dataset.folder;
