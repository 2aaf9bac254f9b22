/** Records published for others to see. */
package org.simreg.coordinator.store.hazelcast;
