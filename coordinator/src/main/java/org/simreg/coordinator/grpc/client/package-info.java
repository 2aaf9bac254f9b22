/**
 * The client of a coordinator: the connection, a job's events, errors as sentences. Read {@link
 * org.simreg.coordinator.grpc.client.ApiClient} first.
 */
package org.simreg.coordinator.grpc.client;
