package org.simreg.worker.train.featurestore;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.Sha256;

/**
 * The folder of a job's stores on a disk: their files, and whether the disk has room for them.
 *
 * @param files one a teacher, all in one folder; at least one
 * @param shapes of the same
 * @param shown views that the job will fill; the others take no space
 */
public record StoreFolder(List<Path> files, List<StoreHeader.Shape> shapes, int shown) {
    /** Suffix of the files of stores. */
    public static final String ENDING = ".features";

    private static final Duration KEPT_UNREAD = Duration.ofDays(14);

    /**
     * The file of a worker that doesn't share the job's folder; those that no job has opened for
     * two weeks are deleted.
     *
     * @param folder of this worker
     */
    public static Path own(Path folder, StoreHeader.Key key, StoreHeader.Shape shape) throws IOException {
        Path file = folder.resolve(name(key, shape) + ENDING);
        Instant now = Instant.now();
        List<Path> stores;
        try (Stream<Path> all = Files.list(folder)) {
            stores = all.filter(other -> other.toString().endsWith(ENDING)).toList();
        }
        for (Path other : stores) {
            Instant opened = Files.getLastModifiedTime(other).toInstant();
            if (!other.equals(file) && opened.isBefore(now.minus(KEPT_UNREAD))) {
                Files.deleteIfExists(other);
            }
        }
        if (Files.exists(file)) {
            Files.setLastModifiedTime(file, FileTime.from(now));
        }
        return file;
    }

    private static String name(StoreHeader.Key key, StoreHeader.Shape shape) {
        return Sha256.of(key.text() + shape).substring(0, 32);
    }

    /**
     * Checks the room for new stores before anything is made.
     *
     * @throws UserError if the disk can't hold the stores that aren't there yet
     */
    public void requireRoomForNew() {
        long needed = 0;
        for (int i = 0; i < files.size(); i++) {
            needed += Files.exists(files.get(i)) ? 0 : bytes(shapes.get(i));
        }
        requireRoom(needed, free());
    }

    /**
     * Checks the room for what is missing in stores that may be partly filled; walks over them only
     * where that decides.
     *
     * @throws UserError if the disk can't hold it
     */
    public void requireRoom(List<FeatureStore> stores) {
        long free = free();
        if (free < bytes()) {
            long needed = 0;
            for (FeatureStore store : stores) {
                needed += store.absent(shown) * store.shape().rowBytes();
            }
            requireRoom(needed, free);
        }
    }

    void requireRoom(long needed, long free) {
        if (needed > free) {
            throw new UserError(
                    "The teachers' features need %s in %s, where %s are free; choose fewer --cache-views, --cache-precision float16, or another --cache-store"
                            .formatted(size(needed), folder(), size(free)));
        }
    }

    /** The sentence for people before a run starts: views, images, size and folder. */
    public String words() {
        return "Teachers' features of %d %s of %,d images take up to %s in %s; what is read again stays in memory as far as there is room"
                .formatted(shown, shown == 1 ? "view" : "views", shapes.get(0).samples(), size(bytes()), folder());
    }

    private long bytes() {
        return shapes.stream().mapToLong(this::bytes).sum();
    }

    private long bytes(StoreHeader.Shape shape) {
        return StoreHeader.BYTES + (long) shown * shape.samples() * shape.rowBytes();
    }

    private Path folder() {
        return files.get(0).toAbsolutePath().getParent();
    }

    /** Free bytes of the disk that the folder is on, or will be. */
    private long free() {
        Path there = folder();
        while (!Files.exists(there) && there.getParent() != null) {
            there = there.getParent();
        }
        try {
            return Files.getFileStore(there).getUsableSpace();
        } catch (IOException e) {
            throw new UserError(
                    "The features' folder %s can't be used (%s); choose another with --cache-store"
                            .formatted(folder(), e),
                    e);
        }
    }

    static String size(long bytes) {
        String[] units = {"kB", "MB", "GB", "TB", "PB"};
        double value = bytes / 1e3;
        int unit = 0;
        while (value >= 999.5 && unit < units.length - 1) {
            value /= 1e3;
            unit++;
        }
        return String.format(Locale.ROOT, value < 10 ? "%.1f %s" : "%.0f %s", value, units[unit]);
    }
}
