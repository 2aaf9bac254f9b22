/**
 * Queries of a bank: batched, sent to the workers that hold its shards, and merged. Read {@link
 * org.simreg.coordinator.search.query.QueryBatcher} first, then {@code ShardQueryFanout} and {@code
 * ShardHolders}.
 */
package org.simreg.coordinator.search.query;
