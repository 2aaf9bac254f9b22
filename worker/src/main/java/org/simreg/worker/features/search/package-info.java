/**
 * Exact top-k search over the rows of one worker. Read {@link
 * org.simreg.worker.features.search.Shard} first: a query goes through {@code Shard.search}, {@code
 * TileScan} (products in bfloat16, what can't be among the best drops out) and {@code ExactRanking}
 * (the rest in float64) to a {@code TopK}.
 */
package org.simreg.worker.features.search;
