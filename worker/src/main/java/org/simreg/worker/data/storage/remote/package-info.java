/** The same from the coordinator over gRPC, with a disk cache. */
package org.simreg.worker.data.storage.remote;
