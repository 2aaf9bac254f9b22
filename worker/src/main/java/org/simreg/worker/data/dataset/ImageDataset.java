package org.simreg.worker.data.dataset;

import java.nio.file.Path;
import java.util.Optional;
import org.simreg.proto.Dataset;

/**
 * A data set of images: its part to train on, and one to evaluate on if it has one.
 *
 * @param train images to learn from; a folder without {@code train/} is all of it
 * @param val images that evaluations classify; their labels count in {@code train}'s class names, or in its own where
 *     train has no classes
 * @param noVal why there is no val, as the end of a sentence; empty if there is one
 */
public record ImageDataset(ImageList train, Optional<ImageList> val, String noVal) {
    /** {@link ImageList#sha256} of the train images: equal for equal data sets. */
    public String sha256() {
        return train.sha256();
    }

    /**
     * The listener to the building of an index, called by several threads. Never called when a
     * stored index is still good.
     */
    @FunctionalInterface
    public interface IndexProgress {
        /** A listener that ignores what it is told. */
        IndexProgress SILENT = (folders, images) -> {};

        /**
         * Called after each folder that was listed.
         *
         * @param folders folders listed so far
         * @param images images found so far
         */
        void listed(long folders, long images);
    }

    /**
     * The choice of classes of a data set that take part, and the list of val's classes. Labels are numbered anew, in
     * class name order.
     *
     * @param limitClasses how many classes, the first in name order, after the file's selection; 0
     *     for all
     * @param classesFile a text file of class folder names, one a line; blank lines and lines that
     *     start with # are skipped
     * @param valLabels a file with the classes of val's images, for a val without class folders
     * @param held the part of train that is val
     */
    public record Subset(
            int limitClasses, Optional<Path> classesFile, Optional<Path> valLabels, Optional<HeldOut> held) {
        /** Every class. */
        public static final Subset ALL = new Subset(0, Optional.empty());

        public Subset {
            if (limitClasses < 0) {
                throw new IllegalArgumentException("class limit must not be negative: " + limitClasses);
            }
        }

        /** Without a part of train that is val. */
        public Subset(int limitClasses, Optional<Path> classesFile, Optional<Path> valLabels) {
            this(limitClasses, classesFile, valLabels, Optional.empty());
        }

        /** Without a list of val's classes. */
        public Subset(int limitClasses, Optional<Path> classesFile) {
            this(limitClasses, classesFile, Optional.empty());
        }

        /** As a job or bank has it. */
        public static Subset of(Dataset dataset) {
            Optional<HeldOut> held = dataset.hasValPart()
                    ? Optional.of(new HeldOut(dataset.getValPart(), dataset.getValSeed()))
                    : Optional.empty();
            return new Subset(
                    dataset.getLimitClasses(), file(dataset.getClassesFile()), file(dataset.getValLabels()), held);
        }

        private static Optional<Path> file(String path) {
            return path.isEmpty() ? Optional.empty() : Optional.of(Path.of(path));
        }
    }
}
