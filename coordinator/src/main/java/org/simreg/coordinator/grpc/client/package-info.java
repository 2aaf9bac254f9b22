/** The client side of gRPC: connection, sentences, event feed. */
package org.simreg.coordinator.grpc.client;
