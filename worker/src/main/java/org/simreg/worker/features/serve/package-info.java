/**
 * A worker's part in a cluster's searches: open shards, and the embedding of queries and banks.
 * Read {@link org.simreg.worker.features.serve.SearchServer} first, which receives the
 * coordinator's orders.
 */
package org.simreg.worker.features.serve;
