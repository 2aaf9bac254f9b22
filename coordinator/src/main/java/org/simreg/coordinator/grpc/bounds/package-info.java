/**
 * The bounds of what callers send by gRPC: bytes of a message by RPC, memory of requests under way.
 * Read {@link org.simreg.coordinator.grpc.bounds.InboundBounds} first.
 */
package org.simreg.coordinator.grpc.bounds;
