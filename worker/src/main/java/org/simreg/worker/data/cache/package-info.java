/**
 * The bounded cache of samples on a worker's disk, wherever they come from, and their reading ahead of need. Read {@link
 * org.simreg.worker.data.cache.FetchedSamples} first.
 */
package org.simreg.worker.data.cache;
