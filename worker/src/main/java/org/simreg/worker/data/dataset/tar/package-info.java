/** Data sets in tar files, read in place. Read {@link org.simreg.worker.data.dataset.tar.TarLister} first. */
package org.simreg.worker.data.dataset.tar;
