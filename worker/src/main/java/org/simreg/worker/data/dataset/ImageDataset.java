package org.simreg.worker.data.dataset;

import java.nio.file.Path;
import java.util.Optional;

/**
 * A data set of images: its part to train on, and one to evaluate on if it has one.
 *
 * @param train images to learn from; a folder without {@code train/} is all of it
 * @param val images that evaluations classify; their labels count in {@code train}'s class names
 */
public record ImageDataset(ImageList train, Optional<ImageList> val) {
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
     * The choice of classes of a data set that take part. Labels are numbered anew, in class name
     * order.
     *
     * @param limitClasses how many classes, the first in name order, after the file's selection; 0
     *     for all
     * @param classesFile a text file of class folder names, one a line; blank lines and lines that
     *     start with # are skipped
     */
    public record Subset(int limitClasses, Optional<Path> classesFile) {
        /** Every class. */
        public static final Subset ALL = new Subset(0, Optional.empty());

        public Subset {
            if (limitClasses < 0) {
                throw new IllegalArgumentException("class limit must not be negative: " + limitClasses);
            }
        }
    }
}
