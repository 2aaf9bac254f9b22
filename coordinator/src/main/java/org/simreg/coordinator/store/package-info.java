/**
 * The journal of the jobs, locks of folders. The room below, {@code hazelcast}, publishes what is
 * stored here for others to see.
 */
package org.simreg.coordinator.store;
