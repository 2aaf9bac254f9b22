/**
 * The gRPC service {@code Samples}: data sets and weight files for workers that don't see the
 * storage. Read {@link org.simreg.coordinator.grpc.samples.SamplesRpc} first.
 */
package org.simreg.coordinator.grpc.samples;
