/** Data sets that are lists of files or objects. Read {@link org.simreg.worker.data.dataset.list.ListLister} first. */
package org.simreg.worker.data.dataset.list;
