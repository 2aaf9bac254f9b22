package org.simreg.worker.data.loader;

import java.io.IOException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;
import org.simreg.proto.BrokenImage;
import org.simreg.proto.UserError;
import org.simreg.proto.UserError.NotHere;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.base.io.Notices;
import org.simreg.worker.base.random.CounterRandom;
import org.simreg.worker.data.dataset.ImageList;
import org.simreg.worker.data.image.FileBuffer;
import org.simreg.worker.data.image.ImageDecoder;
import org.simreg.worker.data.image.RgbImage;

/**
 * The images of a list that can't be read, as far as is known; each is reported once, by name. Safe
 * for all threads.
 */
final class BrokenImages {
    /** Draws of a replacement, before the next readable one by id is taken. */
    private static final int DRAWS = 100;

    private final ImageList images;
    private final BatchLoader.Settings settings;
    private final Notices notices;
    private final Set<Integer> broken = ConcurrentHashMap.newKeySet();

    /**
     * @param notices takes a sentence for each broken image, from decode threads
     */
    BrokenImages(ImageList images, BatchLoader.Settings settings, Notices notices) {
        this.images = images;
        this.settings = settings;
        this.notices = notices;
    }

    /**
     * Decodes a sample, or in its place one that is drawn for it in this epoch: always the same one, whichever thread
     * asks, and whatever was read before.
     *
     * @param epoch part of the draw
     * @param wanted whether the caller still waits
     * @return the id of the sample that was decoded
     * @throws UserError if no image of the folder can be read, or more are broken than the settings allow
     */
    int decode(int id, int epoch, ImageDecoder decoder, RgbImage into, BooleanSupplier wanted) {
        int size = images.size();
        if (isDecoded(id, decoder, into, wanted)) {
            return id;
        }
        CounterRandom random = CounterRandom.of(settings.seed(), CounterRandom.REPLACEMENTS, epoch, id);
        int candidate = id;
        for (int draw = 0; draw < DRAWS; draw++) {
            candidate = random.below(size);
            if (isDecoded(candidate, decoder, into, wanted)) {
                return candidate;
            }
        }
        for (int step = 1; step <= size; step++) {
            int next = (int) (((long) candidate + step) % size);
            if (isDecoded(next, decoder, into, wanted)) {
                return next;
            }
        }
        throw new UserError("None of the %d images can be read, %s for one; check that the data set is complete"
                .formatted(size, images.location(id)));
    }

    @SuppressWarnings("try") // the mark is there for others to see
    private boolean isDecoded(int id, ImageDecoder decoder, RgbImage into, BooleanSupplier wanted) {
        if (broken.contains(id)) {
            return false;
        }
        try (Notices.Mark decoding = notices.decoding(images.location(id))) {
            decoder.decode(file -> read(id, file, wanted), into);
            return true;
        } catch (NotHere e) {
            throw new NotHere(images.location(id) + ": " + e.getMessage());
        } catch (IOException e) {
            if (broken.add(id)) {
                String reason = e instanceof ImageDecoder.UnreadableImage
                        ? e.getMessage()
                        : "it can't be read, " + Disk.reason(e);
                BrokenImage image = BrokenImage.newBuilder()
                        .setFile(images.location(id))
                        .setTrain(settings.trained())
                        .build();
                notices.broken(image, images.location(id) + " can't be used: " + reason);
            }
            requireFew(id);
            return false;
        }
    }

    @SuppressWarnings("try") // the mark is there for others to see
    private void read(int id, FileBuffer into, BooleanSupplier wanted) throws IOException {
        try (Notices.Mark reading = notices.reading(images.location(id))) {
            images.source().read(id, into, wanted);
        }
    }

    private void requireFew(int id) {
        int size = images.size();
        int count = broken.size();
        if (count > settings.maxBroken() * size && count < size) {
            throw new UserError(
                    "%d of the %d images can't be read so far, %s the last of them; dataset.max_broken allows %s of all. Mend or remove them, or allow more with --max-broken"
                            .formatted(count, size, images.location(id), settings.maxBroken()));
        }
    }
}
