/**
 * The files of a coordinator's home: the journal of the jobs, the archive of those that have
 * ended, files of records, locks of folders.
 * Read {@link org.simreg.coordinator.store.JournaledJobs} first. The room below, {@code hazelcast},
 * publishes what is stored here.
 */
package org.simreg.coordinator.store;
