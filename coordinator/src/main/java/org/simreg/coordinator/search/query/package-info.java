/** Queries gathered, sent to the workers that hold the shards, merged. */
package org.simreg.coordinator.search.query;
