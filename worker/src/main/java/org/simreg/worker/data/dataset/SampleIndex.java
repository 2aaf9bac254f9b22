package org.simreg.worker.data.dataset;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The index of a data set: the images that its folders held when they were listed.
 *
 * @param folders every folder that was listed; as long as their times of change are the same, so
 *     are their entries
 * @param parts train, and val if there is one
 */
public record SampleIndex(List<Listed> folders, List<FolderPart> parts) {
    /**
     * A folder, and when it last changed.
     *
     * @param path below the data set's folder
     * @param changed time of its last change before it was listed
     */
    public record Listed(String path, FileTime changed) {}

    /** Whether no folder has gained or lost an entry since. Looks at folders, never at files. */
    public boolean isFresh(Path root) {
        return folders.parallelStream()
                .allMatch(folder -> changed(root, folder.path()).equals(Optional.of(folder.changed())));
    }

    /**
     * Whether every folder has been left alone since before that time, so that a later change would
     * show.
     */
    public boolean isSettled(FileTime before) {
        return folders.stream().allMatch(folder -> folder.changed().compareTo(before) < 0);
    }

    private static Optional<FileTime> changed(Path root, String folder) {
        try {
            return Optional.of(Files.getLastModifiedTime(root.resolve(folder)));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /**
     * The images of one part of a data set, by class. Names are kept as bytes: a million of them
     * take some 30 MB, and are read from the index file in one piece.
     *
     * @param folder {@code train}, {@code val}, or empty for the data set's own folder
     * @param labelled whether the images lie in class folders
     * @param classes class folder names in byte order; one empty name if not labelled
     * @param classEnds for every class, the number of images in it and in all classes before
     * @param nameEnds for every image, where its name ends in {@code names}
     * @param names paths below the class folder, in UTF-8, one after another
     */
    public record FolderPart(
            String folder, boolean labelled, List<String> classes, int[] classEnds, int[] nameEnds, byte[] names) {
        int size() {
            return nameEnds.length;
        }

        /** Images of a class and of all before it; of class -1, none. */
        int classEnd(int label) {
            return label < 0 ? 0 : classEnds[label];
        }

        /** In which of the stretches that end there an index lies; none may be empty. */
        static int place(int[] ends, int index) {
            int found = Arrays.binarySearch(ends, index + 1);
            return found < 0 ? -found - 1 : found;
        }

        /** The path of an image below its class folder. */
        String name(int image) {
            int from = image == 0 ? 0 : nameEnds[image - 1];
            return new String(names, from, nameEnds[image] - from, StandardCharsets.UTF_8);
        }
    }
}
