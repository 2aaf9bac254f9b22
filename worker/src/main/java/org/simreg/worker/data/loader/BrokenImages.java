package org.simreg.worker.data.loader;

import java.io.IOException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.simreg.proto.UserError;
import org.simreg.worker.data.dataset.ImageList;
import org.simreg.worker.data.image.ImageDecoder;
import org.simreg.worker.data.image.RgbImage;

/**
 * The images of a list that can't be read, as far as is known; each is reported once, by name. Safe
 * for all threads.
 */
final class BrokenImages {
    private final ImageList images;
    private final Consumer<String> notices;
    private final Set<Integer> broken = ConcurrentHashMap.newKeySet();

    /**
     * @param notices takes a sentence for each broken image, from decode threads
     */
    BrokenImages(ImageList images, Consumer<String> notices) {
        this.images = images;
        this.notices = notices;
    }

    /**
     * Decodes a sample, or in its place the next by id that can be read, the first after the last:
     * always the same one, whichever thread asks, and whatever was read before.
     *
     * @param wanted whether the caller still waits
     * @return the id of the sample that was decoded
     * @throws UserError if no image of the folder can be read
     */
    int decode(int id, ImageDecoder decoder, RgbImage into, BooleanSupplier wanted) {
        int size = images.size();
        for (int step = 0; step < size; step++) {
            int candidate = (int) (((long) id + step) % size);
            if (!broken.contains(candidate) && isDecoded(candidate, decoder, into, wanted)) {
                return candidate;
            }
        }
        throw new UserError("None of the %d images can be read, %s for one; check that the data set is complete"
                .formatted(size, images.file(id)));
    }

    private boolean isDecoded(int id, ImageDecoder decoder, RgbImage into, BooleanSupplier wanted) {
        try {
            decoder.decode(file -> images.source().read(id, file, wanted), into);
            return true;
        } catch (IOException e) {
            if (broken.add(id)) {
                String reason = e instanceof ImageDecoder.UnreadableImage ? e.getMessage() : "it can't be read, " + e;
                notices.accept("%s can't be used: %s; the next readable image takes its place"
                        .formatted(images.file(id), reason));
            }
            return false;
        }
    }
}
