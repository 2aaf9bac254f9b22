/**
 * The gRPC services {@code Search} and {@code Shards}. Read {@link
 * org.simreg.coordinator.grpc.search.SearchRpc} first, then {@code SearchCalls} and {@code
 * ShardsRpc}.
 */
package org.simreg.coordinator.grpc.search;
