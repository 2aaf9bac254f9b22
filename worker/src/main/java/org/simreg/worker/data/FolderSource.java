package org.simreg.worker.data;

import java.io.IOException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.simreg.proto.UserError;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A data set that is a folder tree on storage that this process sees: {@code train/CLASS/*} with or
 * without {@code val/CLASS/*}, {@code CLASS/*}, or one folder of unlabelled images. Folders inside
 * class folders belong to the class; names that start with a dot are left out.
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
     * @return train, and val if both are there and labelled and a chosen class has images in it
     * @throws UserError if the folder holds no images in such a layout, or the subset names unknown
     *     classes
     */
    public static Splits open(Path root, Subset subset, Path indexCache, IndexProgress progress) {
        FolderIndex index = index(root, new IndexFile(indexCache, root), progress);
        FolderPart train = index.parts().get(0);
        ClassNames classes = new ClassNames(train, root);
        List<String> chosen = classes.chosen(subset);
        Optional<FolderPart> part = index.parts().stream().skip(1).findFirst();
        Optional<ImageFolder> val =
                part.filter(folder -> train.labelled())
                        .map(folder -> images(root, classes.known(folder), chosen))
                        .filter(images -> images.size() > 0);
        return new Splits(images(root, train, chosen), val);
    }

    private static ImageFolder images(Path root, FolderPart part, List<String> classes) {
        return new ImageFolder(root, part, classes, LocalFiles::new);
    }

    private static FolderIndex index(Path root, IndexFile file, IndexProgress progress) {
        Optional<FolderIndex> stored = file.read().filter(index -> index.isFresh(root));
        if (stored.isPresent()) {
            return stored.get();
        }
        Instant begun = Instant.now();
        FolderIndex built = IndexBuild.of(root, progress);
        if (built.isSettled(FileTime.from(begun.minus(CLOCK_TICK)))) {
            try {
                file.write(built);
            } catch (IOException e) {
                LOG.warn(
                        "The index of {} can't be stored, so the next start lists it again: {}",
                        root,
                        e.toString());
            }
        }
        return built;
    }
}
