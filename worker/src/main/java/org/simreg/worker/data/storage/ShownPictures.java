package org.simreg.worker.data.storage;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ref.SoftReference;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.simreg.proto.DataSource;
import org.simreg.proto.Dataset;
import org.simreg.proto.Roots;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.FileNames;
import org.simreg.worker.base.io.UserFile;
import org.simreg.worker.data.dataset.ImageDataset;
import org.simreg.worker.data.dataset.ImageList;
import org.simreg.worker.data.dataset.SampleBytes;
import org.simreg.worker.data.dataset.SampleSource;

/**
 * The pictures that pages show, by their paths in a data set, from whichever source. The data set asked for last stays
 * open while there is memory. Safe for all threads.
 */
public final class ShownPictures {
    private static final int LONGEST = 64 << 20;

    private final Path indexCache;
    private final Roots roots;
    private Dataset last = Dataset.getDefaultInstance();
    private SoftReference<ImageDataset> open = new SoftReference<>(null);

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
        ImageDataset data = opened(dataset);
        for (ImageList images :
                Stream.concat(Stream.of(data.train()), data.val().stream()).toList()) {
            for (int id = 0; id < images.size(); id++) {
                if (images.path(id).equals(path)) {
                    return bytes(images, id);
                }
            }
        }
        throw new NoSuchFileException(path);
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

    private synchronized ImageDataset opened(Dataset dataset) {
        ImageDataset known = last.equals(dataset) ? open.get() : null;
        if (known == null) {
            DatasetOpener.Local here = new DatasetOpener.Local(indexCache, roots, ImageDataset.IndexProgress.SILENT);
            known = DatasetOpener.local(dataset, here, notice -> {});
            last = dataset;
            open = new SoftReference<>(known);
        }
        return known;
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
                    "Pictures can't be copied for a page: %s; make room for temporary files".formatted(e), e);
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
