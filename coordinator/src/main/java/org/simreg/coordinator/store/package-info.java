/**
 * What outlives the coordinator's process: the journal of jobs with what is published of it, files
 * of checked records, and the locks that keep two processes from writing one folder.
 */
package org.simreg.coordinator.store;
