package org.simreg.coordinator.web;

import io.vertx.core.Future;
import java.util.List;

/**
 * Search for pictures that are like another one, for the page. Called on event loops: every method
 * returns at once. A future fails with {@link org.simreg.proto.UserError} or {@link
 * org.simreg.proto.Refused} for what the user can mend; their sentence is shown.
 */
public interface PictureSearch {
    /** Where there are no banks. */
    PictureSearch NONE =
            new PictureSearch() {
                @Override
                public Future<List<Bank>> banks() {
                    return Future.succeededFuture(List.of());
                }

                @Override
                public Future<List<Found>> search(String bank, Query query, int count) {
                    return Future.failedFuture(
                            new org.simreg.proto.UserError("There is no bank " + bank));
                }

                @Override
                public Future<Picture> picture(String bank, String sample) {
                    return Future.failedFuture(
                            new org.simreg.proto.UserError("There is no bank " + bank));
                }
            };

    /**
     * A bank that answers now.
     *
     * @param pictures how many there are
     * @param byPicture whether it can be asked with a picture that is not in it
     */
    record Bank(String name, long pictures, boolean byPicture) {}

    /** What is looked for. */
    sealed interface Query {}

    /**
     * Like this picture.
     *
     * @param file a JPEG, PNG or WebP file, as it was uploaded
     */
    record Like(byte[] file) implements Query {}

    /**
     * Like one of the bank.
     *
     * @param sample id or file name
     */
    record LikeSample(String sample) implements Query {}

    /**
     * One that was found.
     *
     * @param sample what {@link #picture} takes
     * @param label class; empty if it has none
     * @param cosine -1 to 1
     */
    record Found(String sample, String label, double cosine) {}

    /**
     * A picture to be shown, best a small one.
     *
     * @param type {@code image/jpeg}, {@code image/png} or {@code image/webp}
     */
    record Picture(String type, byte[] file) {}

    /** Those that answer now; none hides the search box. */
    Future<List<Bank>> banks();

    /** The nearest first. */
    Future<List<Found>> search(String bank, Query query, int count);

    /** One picture of a bank. */
    Future<Picture> picture(String bank, String sample);
}
