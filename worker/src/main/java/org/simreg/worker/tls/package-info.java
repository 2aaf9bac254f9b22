/**
 * Certificates and keys from PEM files, read again when the files change, for whatever speaks TLS:
 * gRPC, the connections between workers, the event bus.
 */
package org.simreg.worker.tls;
