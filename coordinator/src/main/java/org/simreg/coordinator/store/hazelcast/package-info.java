/**
 * Records of jobs, workers and banks in Hazelcast maps, for other processes to see, and the cluster
 * that holds them. Read {@link org.simreg.coordinator.store.hazelcast.ClusterConfig} first.
 */
package org.simreg.coordinator.store.hazelcast;
