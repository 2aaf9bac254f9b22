package org.simreg.worker.data.storage;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ref.SoftReference;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.simreg.proto.DataSource;
import org.simreg.proto.Dataset;
import org.simreg.proto.Roots;
import org.simreg.proto.UserError;
import org.simreg.worker.base.concurrent.Abandoned;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.base.io.FileNames;
import org.simreg.worker.base.io.UserFile;
import org.simreg.worker.data.dataset.ImageDataset;
import org.simreg.worker.data.dataset.ImageList;
import org.simreg.worker.data.dataset.SampleBytes;
import org.simreg.worker.data.dataset.SampleSource;

/**
 * The pictures that pages show, by their paths in a data set, from whichever source. The data sets asked for last stay
 * open while there is memory; one whose storage gives no answer holds up its own pictures only. Safe for all threads.
 */
public final class ShownPictures {
    private static final int LONGEST = 64 << 20;
    private static final int MOST_OPEN = 8;

    private final Path indexCache;
    private final Roots roots;

    /** Those asked for last; guarded by itself. */
    private final Map<Dataset, Open> open = new LinkedHashMap<>(MOST_OPEN, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Dataset, Open> eldest) {
            return size() > MOST_OPEN;
        }
    };

    /** A data set from when it is first asked for. */
    private static final class Open {
        private final ReentrantLock opening = new ReentrantLock();
        private SoftReference<Pictures> pictures = new SoftReference<>(null);
    }

    /**
     * The pictures of a data set by their paths.
     *
     * @param parts training images, and those held out
     * @param ids of each part's images, in the order of their paths' hashes
     * @param hashes of their paths, in that order
     */
    private record Pictures(List<ImageList> parts, List<int[]> ids, List<int[]> hashes) {
        static Pictures of(ImageDataset data) {
            List<ImageList> parts =
                    Stream.concat(Stream.of(data.train()), data.val().stream()).toList();
            List<int[]> ids = new ArrayList<>();
            List<int[]> hashes = new ArrayList<>();
            for (ImageList images : parts) {
                long[] both = IntStream.range(0, images.size())
                        .mapToLong(id -> (long) images.path(id).hashCode() << 32 | id)
                        .sorted()
                        .toArray();
                ids.add(Arrays.stream(both).mapToInt(one -> (int) one).toArray());
                hashes.add(
                        Arrays.stream(both).mapToInt(one -> (int) (one >> 32)).toArray());
            }
            return new Pictures(parts, ids, hashes);
        }

        /** The bytes of a picture; empty if there is none of that path. */
        Optional<byte[]> bytes(String path) throws IOException {
            int hash = path.hashCode();
            for (int part = 0; part < parts.size(); part++) {
                int[] sorted = hashes.get(part);
                int at = Arrays.binarySearch(sorted, hash);
                while (at > 0 && sorted[at - 1] == hash) {
                    at--;
                }
                for (; at >= 0 && at < sorted.length && sorted[at] == hash; at++) {
                    int id = ids.get(part)[at];
                    if (parts.get(part).path(id).equals(path)) {
                        return Optional.of(ShownPictures.bytes(parts.get(part), id));
                    }
                }
            }
            return Optional.empty();
        }
    }

    /**
     * @param indexCache folder of the indexes of data sets
     * @param roots below which their files must lie
     */
    public ShownPictures(Path indexCache, Roots roots) {
        this.indexCache = indexCache;
        this.roots = roots;
    }

    private static boolean isFolder(Dataset dataset) {
        List<DataSource> sources = DataSource.of(dataset);
        return sources.size() == 1
                && sources.get(0) instanceof DataSource.Folder
                && !sources.get(0).isObjects();
    }

    /**
     * The bytes of a picture.
     *
     * @param path as the data set's list has it
     * @throws IOException if it can't be read, or isn't there
     * @throws UserError if the data set can't be opened
     */
    public byte[] bytes(Dataset dataset, String path) throws IOException {
        if (isFolder(dataset)) {
            return UserFile.bytes(FileNames.resolve(Path.of(dataset.getPath(0)), path), LONGEST);
        }
        return opened(dataset).bytes(path).orElseThrow(() -> new NoSuchFileException(path));
    }

    private static byte[] bytes(ImageList images, int id) throws IOException {
        try (SampleBytes bytes = ((SampleSource.Stored) images.source()).open(id)) {
            long length = bytes.version().getLength();
            if (length > LONGEST) {
                throw new IOException("it has %d bytes".formatted(length));
            }
            ByteBuffer whole = ByteBuffer.allocate((int) length);
            bytes.read(whole);
            return whole.array();
        }
    }

    private Pictures opened(Dataset dataset) {
        Open one;
        synchronized (open) {
            one = open.computeIfAbsent(dataset, key -> new Open());
        }
        try {
            one.opening.lockInterruptibly();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Abandoned("interrupted");
        }
        try {
            Pictures known = one.pictures.get();
            if (known == null) {
                DatasetOpener.Local here =
                        new DatasetOpener.Local(indexCache, roots, ImageDataset.IndexProgress.SILENT);
                known = Pictures.of(DatasetOpener.local(dataset, here, notice -> {}));
                one.pictures = new SoftReference<>(known);
            }
            return known;
        } finally {
            one.opening.unlock();
        }
    }

    /**
     * Pictures as files: the data set's own folder, or copies, deleted when this is closed.
     *
     * @param path of the folder
     * @param copied whether it is to be deleted
     */
    public record Folder(Path path, boolean copied) implements AutoCloseable {
        @Override
        public void close() {
            if (copied) {
                try (Stream<Path> files = Files.walk(path)) {
                    for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                        Files.delete(file);
                    }
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        }
    }

    /**
     * A folder with some pictures of a data set; those that can't be read are missing.
     *
     * @param paths as the data set's lists have them
     */
    public Folder folder(Dataset dataset, Collection<String> paths) {
        if (isFolder(dataset)) {
            return new Folder(Path.of(dataset.getPath(0)), false);
        }
        try {
            Path folder = Files.createTempDirectory("simreg-pictures");
            for (String path : paths) {
                Path file = FileNames.resolve(folder, path).normalize();
                if (file.startsWith(folder)) {
                    copy(dataset, path, file);
                }
            }
            return new Folder(folder, true);
        } catch (IOException e) {
            throw new UserError(
                    "Pictures can't be copied for a page: %s; make room for temporary files"
                            .formatted(Disk.reasonWithFile(e)),
                    e);
        }
    }

    private void copy(Dataset dataset, String path, Path file) throws IOException {
        byte[] bytes;
        try {
            bytes = bytes(dataset, path);
        } catch (IOException | UserError unreadable) {
            // The page says that there is no image.
            return;
        }
        Files.createDirectories(file.getParent());
        Files.write(file, bytes);
    }
}
