/**
 * Search from the coordinator's side. Read {@code bank} (banks made, kept and placed on workers),
 * {@code query} (queries gathered, sent to the shards and merged).
 */
package org.simreg.coordinator.search;
