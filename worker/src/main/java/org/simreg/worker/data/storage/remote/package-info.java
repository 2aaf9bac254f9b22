/**
 * Data sets and weight files that only the coordinator sees, over gRPC and with a cache on the
 * local disk. Read {@link org.simreg.worker.data.storage.remote.RemoteStorage} first.
 */
package org.simreg.worker.data.storage.remote;
