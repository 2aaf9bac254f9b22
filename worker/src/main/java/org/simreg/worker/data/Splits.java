package org.simreg.worker.data;

import java.util.Optional;

/**
 * The parts of a data set.
 *
 * @param train what is learnt from; a folder without {@code train/} is all of it
 * @param val what is asked in evaluations; its labels count in {@code train}'s class names
 */
public record Splits(ImageFolder train, Optional<ImageFolder> val) {
    /** {@link ImageFolder#sha256} of the train images: equal for equal data sets. */
    public String sha256() {
        return train.sha256();
    }
}
