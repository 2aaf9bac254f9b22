package org.simreg.worker.data;

import java.nio.file.Path;
import java.util.Optional;

/**
 * Which classes of a data set take part. Labels are numbered anew, in class name order.
 *
 * @param limitClasses how many classes, the first in name order, after the file's selection; 0 for
 *     all
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
