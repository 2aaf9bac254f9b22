/**
 * The other end of the coordinator's gRPC faces: a connection whose failures are sentences, the
 * events of a job across breaks, and what the coordinator tells as tables.
 */
package org.simreg.coordinator.client;
