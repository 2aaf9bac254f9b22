/**
 * Banks of features: how they are made, which worker holds which shard, and how a query is asked of
 * all shards at once and answered whole, whichever workers are lost meanwhile.
 */
package org.simreg.coordinator.search;
