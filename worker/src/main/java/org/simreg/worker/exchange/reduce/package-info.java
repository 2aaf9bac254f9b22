/**
 * The all-reduce: the mean gradient of all micro-batches in a tree of fixed shape, so that it has
 * the same bits on any number of members; and the transfer of a state to newcomers. Read {@link
 * org.simreg.worker.exchange.reduce.Reduce} first, then {@code TreeSum} and {@code ClusterReduce}.
 */
package org.simreg.worker.exchange.reduce;
