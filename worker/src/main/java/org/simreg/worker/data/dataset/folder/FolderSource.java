package org.simreg.worker.data.dataset.folder;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.FileNames;
import org.simreg.worker.data.dataset.HeldOut;
import org.simreg.worker.data.dataset.ImageDataset;
import org.simreg.worker.data.dataset.ImageList;
import org.simreg.worker.data.dataset.IndexFile;
import org.simreg.worker.data.dataset.SampleBytes;
import org.simreg.worker.data.dataset.SampleIndex;
import org.simreg.worker.data.dataset.SampleSource;
import org.simreg.worker.data.image.FileBuffer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The opener of data sets that are folder trees on storage that this process sees: {@code
 * train/CLASS/*} with or without {@code val/CLASS/*}, {@code CLASS/*}, or one folder of unlabelled
 * images; {@link SplitLayout} has the other names that train and val go by, {@link ValPart} what val may look like.
 * Folders inside class folders belong to the class; names that start with a dot are left
 * out.
 */
public final class FolderSource {
    private static final Logger LOG = LoggerFactory.getLogger(FolderSource.class);

    /**
     * Two changes within one tick of a file system's clock look like one; some count in whole
     * seconds.
     */
    private static final Duration CLOCK_TICK = Duration.ofSeconds(2);

    private FolderSource() {}

    /**
     * Opens a data set. Which files there are comes from an index in the cache folder as long as no
     * folder has changed; else the folders are listed and the index is written anew. No image is
     * read.
     *
     * @param root the data set's folder
     * @param subset which classes take part
     * @param indexCache folder for index files; created if missing
     * @param progress told about the listing of folders
     * @param notices takes a sentence about everything that is left out or understood otherwise than literally
     * @return train, and val if one is there whose classes are known, in train or by itself, and a chosen class has
     *     images in it
     * @throws UserError if the folder holds no images in such a layout, or the subset names unknown
     *     classes; never for what is wrong with val
     */
    public static ImageDataset open(
            Path root,
            ImageDataset.Subset subset,
            Path indexCache,
            ImageDataset.IndexProgress progress,
            Consumer<String> notices) {
        SampleIndex index = index(root, indexCache, progress);
        index.notes().forEach(note -> notices.accept(root + ": " + note));
        List<SampleIndex.FolderPart> parts =
                subset.held().map(held -> held(index, held)).orElse(index.parts());
        return new IndexedDataset(root, root.toString(), parts, (part, images) -> new LocalFiles(root, images))
                .open(subset, notices);
    }

    private static List<SampleIndex.FolderPart> held(SampleIndex index, HeldOut held) {
        SampleIndex.FolderPart train = index.parts().get(0);
        return List.of(train.rows(held.rows(index.parts(), false)), train.rows(held.rows(index.parts(), true)));
    }

    /**
     * The index of a folder: the stored one as long as no folder has changed.
     *
     * @throws UserError if the folder holds no images in such a layout
     */
    public static SampleIndex index(Path root, Path indexCache, ImageDataset.IndexProgress progress) {
        IndexFile file = new IndexFile(indexCache, root);
        Optional<SampleIndex> stored = file.read().filter(index -> index.isFresh(root));
        if (stored.isPresent()) {
            return stored.get();
        }
        Instant begun = Instant.now();
        SampleIndex built = FolderIndexer.of(root, progress);
        if (built.isSettled(FileTime.from(begun.minus(CLOCK_TICK)))) {
            try {
                file.write(built);
            } catch (IOException e) {
                LOG.warn("The index of {} can't be stored, so the next start lists it again: {}", root, e.toString());
            }
        }
        return built;
    }

    /**
     * The sample source of storage that this process sees: the operating system reads ahead and
     * caches.
     */
    private record LocalFiles(Path root, ImageList images) implements SampleSource.Stored {
        private Path file(int id) {
            return FileNames.resolve(root, images.path(id));
        }

        @Override
        public int lookahead() {
            return 0;
        }

        @Override
        public long bytes(int id) {
            try {
                return Files.size(file(id));
            } catch (IOException e) {
                return -1;
            }
        }

        @Override
        public void ahead(int[] ids, BooleanSupplier wanted) {
            // Decode threads read as fast as the disk does.
        }

        @Override
        public void read(int id, FileBuffer into, BooleanSupplier wanted) throws IOException {
            into.read(file(id));
        }

        @Override
        public SampleBytes open(int id) throws IOException {
            return FileBytes.of(file(id));
        }
    }
}
