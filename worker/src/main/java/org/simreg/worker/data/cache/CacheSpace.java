package org.simreg.worker.data.cache;

import java.io.IOException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.EnumSet;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.Disk;

/**
 * The disk space of a worker's cache folder: samples, weights and indexes together.
 *
 * @param folder of the cache
 * @param most bytes of all
 */
public record CacheSpace(Path folder, long most) {
    /** Least space that anything can be done with. */
    public static final long LEAST = 100_000_000;

    /** Most that is taken of a large disk unasked. */
    private static final long MOST = 200_000_000_000L;

    private static final Pattern SIZE =
            Pattern.compile("(\\d{1,12})(B|k|kB|Ki|KiB|M|MB|Mi|MiB|G|GB|Gi|GiB|T|TB|Ti|TiB)?");
    private static final String UNITS = "BkMGT";

    /** The folder of samples in the cache folder. */
    private static final String SAMPLES = "samples";

    private static final String WEIGHTS = "weights";

    public CacheSpace {
        if (most < 1) {
            throw new IllegalArgumentException("cache bytes: " + most);
        }
    }

    /** Half of what the folder's file system has free or the cache holds already, 200 GB at most. */
    public static CacheSpace of(Path folder) {
        Path there = folder.toAbsolutePath();
        while (!Files.exists(there)) {
            there = there.getParent();
        }
        try {
            long room = usable(there) + held(folder);
            return new CacheSpace(folder, Math.min(MOST, Math.max(LEAST, room / 2)));
        } catch (IOException e) {
            throw new UserError(
                    "The room of the cache folder %s can't be found out (%s); say how large it may be by --cache-size"
                            .formatted(folder, Disk.reason(e)),
                    e);
        }
    }

    /** As {@code df} asks for it: {@link java.nio.file.FileStore} has none where no mount table tells, as in a chroot. */
    private static long usable(Path there) {
        return there.toFile().getUsableSpace();
    }

    /**
     * The space of that size.
     *
     * @param size such as 20GB, or 20Gi as Kubernetes writes it
     * @throws UserError if it is no size, or too small
     */
    public static CacheSpace of(Path folder, String size) {
        Matcher parts = SIZE.matcher(size);
        if (!parts.matches()) {
            throw new UserError("--cache-size: '%s' is no size; write 20GB or 20Gi".formatted(size));
        }
        String unit = parts.group(2) == null ? "B" : parts.group(2);
        int power = UNITS.toLowerCase(Locale.ROOT).indexOf(Character.toLowerCase(unit.charAt(0)));
        double bytes = Long.parseLong(parts.group(1)) * Math.pow(unit.contains("i") ? 1024 : 1000, power);
        if (bytes < LEAST || bytes > 1e16) {
            throw new UserError("--cache-size: %s is out of bounds; choose 100MB to 10000TB".formatted(size));
        }
        return new CacheSpace(folder, (long) bytes);
    }

    /** Where samples are kept. */
    public Path samples() {
        return folder.resolve(SAMPLES);
    }

    /** Where weights are kept. */
    public Path weights() {
        return folder.resolve(WEIGHTS);
    }

    /** Bytes of all in the folder but samples. */
    long others() throws IOException {
        return bytes(folder, SAMPLES);
    }

    private static long held(Path folder) throws IOException {
        OptionalLong samples = new KeptCount(folder.resolve(SAMPLES)).read();
        return samples.isPresent() ? samples.getAsLong() + bytes(folder, SAMPLES) : bytes(folder, "");
    }

    private static long bytes(Path folder, String without) throws IOException {
        long[] sum = {0};
        Files.walkFileTree(folder, EnumSet.noneOf(FileVisitOption.class), 4, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path entered, BasicFileAttributes attributes) {
                boolean left = !without.isEmpty() && entered.equals(folder.resolve(without));
                return left ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                sum[0] += DiskCache.blocks(attributes.size());
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException gone) {
                return FileVisitResult.CONTINUE;
            }
        });
        return sum[0];
    }
}
