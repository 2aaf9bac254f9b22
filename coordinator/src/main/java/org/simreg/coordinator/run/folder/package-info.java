/** A run's folder on a disk: one owner, one event log, checkpoints. */
package org.simreg.coordinator.run.folder;
