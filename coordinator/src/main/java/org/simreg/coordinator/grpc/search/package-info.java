/**
 * The gRPC services {@code Search} and {@code Shards}. Read {@link
 * org.simreg.coordinator.grpc.search.SearchRpc} first, then {@code SearchCalls} and {@code
 * ShardFilesRpc}.
 */
package org.simreg.coordinator.grpc.search;
