/**
 * The coordinator's gRPC server: the services for jobs, workers and scaling, streams and files with
 * back-pressure. Read {@link org.simreg.coordinator.grpc.GrpcServer} first, then {@code JobsRpc}
 * and {@code WorkersRpc}. The rooms below: {@code access} (who may call what), {@code samples}
 * (data for workers that don't see it), {@code search} (banks and queries), {@code client} (the
 * client).
 */
package org.simreg.coordinator.grpc;
