package org.simreg.worker.data.dataset;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.simreg.worker.base.io.FileNames;
import org.simreg.worker.base.io.Sha256;

/**
 * The index of a data set: the images that its folders held when they were listed.
 *
 * @param folders every folder that was listed; as long as their times of change are the same, so
 *     are their entries
 * @param parts train, and the folder of val if there is one, which may be empty
 * @param notes what was left out or understood on the way, a sentence each
 */
public record SampleIndex(List<Listed> folders, List<FolderPart> parts, List<String> notes) {
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
            return Optional.of(Files.getLastModifiedTime(FileNames.resolve(root, folder)));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** The ways in which the classes of images are known. */
    public enum Placement {
        /** They aren't: the images lie in one folder. */
        ONE_FOLDER,
        /** By the folder that an image lies in. */
        CLASS_FOLDERS,
        /** By a list beside the images; their names are paths below the part's folder. */
        LIST
    }

    /**
     * The images of one part of a data set, by class. Names are kept as bytes: a million of them
     * take some 30 MB, and are read from the index file in one piece.
     *
     * @param folder {@code train}, {@code val}, or empty for the data set's own folder
     * @param placement how the images' classes are known
     * @param classes class folder names in byte order, or class names of a list; an empty name for images beside the
     *     class folders, and for all where the images lie in one folder
     * @param classEnds for every class, the number of images in it and in all classes before
     * @param nameEnds for every image, where its name ends in {@code names}
     * @param names paths below the class folder, the bytes of one after another
     */
    public record FolderPart(
            String folder, Placement placement, List<String> classes, int[] classEnds, int[] nameEnds, byte[] names) {
        private static final byte[] END = {0};

        /** Whether the classes of the images are known. */
        public boolean labelled() {
            return placement != Placement.ONE_FOLDER;
        }

        /** How many images. */
        public int size() {
            return nameEnds.length;
        }

        /** Images of a class and of all before it; of class -1, none. */
        public int classEnd(int label) {
            return label < 0 ? 0 : classEnds[label];
        }

        /** In which of the stretches that end there an index lies; none may be empty. */
        static int place(int[] ends, int index) {
            int found = Arrays.binarySearch(ends, index + 1);
            return found < 0 ? -found - 1 : found;
        }

        /** The class of an image. */
        String className(int image) {
            return classes.get(place(classEnds, image));
        }

        /**
         * The part with some of its images.
         *
         * @param rows their indexes, rising
         */
        public FolderPart rows(int[] rows) {
            List<String> kept = new ArrayList<>();
            int[] ends = new int[classes.size()];
            int[] rowEnds = new int[rows.length];
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            for (int row = 0; row < rows.length; row++) {
                String name = className(rows[row]);
                if (kept.isEmpty() || !kept.get(kept.size() - 1).equals(name)) {
                    kept.add(name);
                }
                ends[kept.size() - 1] = row + 1;
                int from = rows[row] == 0 ? 0 : nameEnds[rows[row] - 1];
                bytes.write(names, from, nameEnds[rows[row]] - from);
                rowEnds[row] = bytes.size();
            }
            return new FolderPart(
                    folder, placement, kept, Arrays.copyOf(ends, kept.size()), rowEnds, bytes.toByteArray());
        }

        /** Gives a digest the text of an image's name; of a million, no text is made of those that are ASCII. */
        void digestName(int image, Sha256 into) {
            int from = image == 0 ? 0 : nameEnds[image - 1];
            for (int i = from; i < nameEnds[image]; i++) {
                if (names[i] < 0) {
                    into.text(name(image));
                    return;
                }
            }
            into.bytes(names, from, nameEnds[image] - from).bytes(END);
        }

        /** The path of an image below its class folder. */
        public String name(int image) {
            int from = image == 0 ? 0 : nameEnds[image - 1];
            return FileNames.text(Arrays.copyOfRange(names, from, nameEnds[image]));
        }
    }
}
