/**
 * The sources of a worker's data sets and weight files, on its own storage or the coordinator's,
 * and the worker's settings. Read {@link org.simreg.worker.data.storage.DatasetOpener} first: it
 * knows every kind of source.
 */
package org.simreg.worker.data.storage;
