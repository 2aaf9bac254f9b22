/**
 * Banks of features and the queries to them, on the coordinator. A query's way: {@code SearchCommand} ({@code
 * cli.bank}), {@code SearchRpc} and {@code SearchCalls} ({@code grpc.search}; images are
 * first made vectors by a worker, {@code QueryEmbeddings}), {@code Banks}, {@code QueryBatcher},
 * {@code ShardQueryFanout}, over the event bus to the worker's {@code SearchServer} and {@code Shard}, then {@code
 * TopKMerge}, {@code SearchCalls.Answer} and {@code NeighborText}. Read {@code bank} (banks made, kept and placed on
 * workers), {@code query} (queries gathered, sent to the shards and merged).
 */
package org.simreg.coordinator.search;
