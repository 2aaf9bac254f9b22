/** Tokens, roles, what each RPC needs (rim: gRPC interceptor). */
package org.simreg.coordinator.grpc.access;
