/** Batches of views, decoded ahead on own threads. */
package org.simreg.worker.data.loader;
