/**
 * The client side of the coordinator's gRPC services: a connection whose failures are sentences,
 * and the events of a job across breaks.
 */
package org.simreg.coordinator.client;
