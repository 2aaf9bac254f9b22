/**
 * Files that hold samples, by pattern and by stretches. Read {@link org.simreg.worker.data.store.FileStore} first.
 */
package org.simreg.worker.data.store;
