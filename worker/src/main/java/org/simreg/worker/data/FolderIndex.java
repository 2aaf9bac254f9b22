package org.simreg.worker.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Optional;

/**
 * What a data set's folders hold.
 *
 * @param folders every folder that was listed; as long as their times of change are the same, so
 *     are their entries
 * @param parts train, and val if there is one
 */
record FolderIndex(List<Listed> folders, List<FolderPart> parts) {
    /**
     * A folder, and when it last changed.
     *
     * @param path below the data set's folder
     * @param changed time of its last change before it was listed
     */
    record Listed(String path, FileTime changed) {}

    /** Whether no folder has gained or lost an entry since. Looks at folders, never at files. */
    boolean isFresh(Path root) {
        return folders.parallelStream()
                .allMatch(
                        folder ->
                                changed(root, folder.path()).equals(Optional.of(folder.changed())));
    }

    /**
     * Whether every folder has been left alone since before that time, so that a later change would
     * show.
     */
    boolean isSettled(FileTime before) {
        return folders.stream().allMatch(folder -> folder.changed().compareTo(before) < 0);
    }

    private static Optional<FileTime> changed(Path root, String folder) {
        try {
            return Optional.of(Files.getLastModifiedTime(root.resolve(folder)));
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
