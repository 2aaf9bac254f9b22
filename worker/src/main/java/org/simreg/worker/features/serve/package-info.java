/** A worker's part in searches: open shards, embedding. */
package org.simreg.worker.features.serve;
