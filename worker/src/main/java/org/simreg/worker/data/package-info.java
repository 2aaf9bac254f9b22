/**
 * Images of a folder as batches of views: which files there are, in which order an epoch reads
 * them, and the exact pixels of every draw. What leaves is a {@link org.simreg.worker.data.Batch};
 * nothing here knows of networks.
 */
package org.simreg.worker.data;
