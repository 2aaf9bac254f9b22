package org.simreg.worker.data.dataset;

import java.util.List;
import java.util.stream.IntStream;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.Sha256;

/**
 * The choice of the train images that are val instead: by the class and name of each alone, so that others may come and
 * go.
 *
 * @param part of all, 0 to 1; of each class about as much
 * @param seed of the choice
 */
public record HeldOut(double part, long seed) {
    private static final int DIGITS = 13;

    /**
     * The indexes of the images in a part that are val, or that stay.
     *
     * @param parts of the data set, train first
     * @throws UserError if the images have no classes, or there is a val already
     */
    public int[] rows(List<SampleIndex.FolderPart> parts, boolean val) {
        if (parts.size() > 1) {
            throw new UserError(
                    "dataset.val_part (--val-part): the data set has a val already, %s; leave the setting out"
                            .formatted(parts.get(1).folder()));
        }
        SampleIndex.FolderPart train = parts.get(0);
        if (!train.labelled()) {
            throw new UserError(
                    "dataset.val_part (--val-part) holds out images of classes, and these have none; leave it out");
        }
        return IntStream.range(0, train.size())
                .filter(image -> isVal(train, image) == val)
                .toArray();
    }

    private boolean isVal(SampleIndex.FolderPart train, int image) {
        Sha256 sha = new Sha256().text(Long.toString(seed));
        String hex = sha.text(train.className(image)).text(train.name(image)).hex();
        return Long.parseLong(hex.substring(0, DIGITS), 16) < part * (1L << 4 * DIGITS);
    }
}
