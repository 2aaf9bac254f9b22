/**
 * The run folder on a disk: one owner, one event log, checkpoints, exports. Read {@link
 * org.simreg.coordinator.run.folder.DiskRunFolders} first, then {@code RunFolder} and {@code
 * RunEvents}.
 */
package org.simreg.coordinator.run.folder;
