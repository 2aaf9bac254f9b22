package org.simreg.worker.data;

import java.io.IOException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.simreg.proto.UserError;
import org.slf4j.LoggerFactory;

/**
 * The images of one part of a data set in a fixed order: a sample's id is its index in the byte
 * order of (class name, path below the class folder). Immutable.
 */
public final class ImageFolder {
    /**
     * Two changes within one tick of a file system's clock look like one; some count in whole
     * seconds.
     */
    private static final Duration CLOCK_TICK = Duration.ofSeconds(2);

    private final Path folder;
    private final FolderPart part;
    private final ClassChoice choice;
    private final SampleSource source;
    private volatile String sha256;

    /**
     * @param root the data set's folder
     * @param classes the chosen classes of train, in byte order
     * @param source gives what reads the samples of this folder
     */
    ImageFolder(
            Path root,
            FolderPart part,
            List<String> classes,
            Function<ImageFolder, SampleSource> source) {
        folder = root.resolve(part.folder());
        this.part = part;
        choice = new ClassChoice(part, classes);
        this.source = source.apply(this);
    }

    /**
     * Opens a data set: {@code train/CLASS/*} with or without {@code val/CLASS/*}, {@code CLASS/*},
     * or one folder of unlabelled images. Folders inside class folders belong to the class; names
     * that start with a dot are left out. Which files there are comes from an index in the cache
     * folder as long as no folder has changed; else the folders are listed and the index is written
     * anew. No image is read.
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
                        .map(folder -> local(root, classes.known(folder), chosen))
                        .filter(images -> images.size() > 0);
        return new Splits(local(root, train, chosen), val);
    }

    private static ImageFolder local(Path root, FolderPart part, List<String> classes) {
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
                LoggerFactory.getLogger(ImageFolder.class)
                        .warn(
                                "The index of {} can't be stored, so the next start lists it again: {}",
                                root,
                                e.toString());
            }
        }
        return built;
    }

    /** How many images. */
    public int size() {
        return choice.size();
    }

    /** The class of an image, an index in {@link #classNames()}; 0 for all if not labelled. */
    public int label(int id) {
        return choice.label(id);
    }

    /** Class folder names in byte order; of val too, train's. One empty name if not labelled. */
    public List<String> classNames() {
        return choice.names();
    }

    /** Whether the images lie in class folders. */
    public boolean labelled() {
        return part.labelled();
    }

    /** Where an image lies; begins with the path that the data set was opened with. */
    public Path file(int id) {
        String name = name(id);
        return part.labelled() ? folder.resolve(className(id)).resolve(name) : folder.resolve(name);
    }

    /**
     * SHA-256 over class and name of every image in the order of ids: equal for the same images in
     * the same order, wherever they lie. Takes the time of hashing all names once.
     *
     * @return 64 hexadecimal digits
     */
    public String sha256() {
        String known = sha256;
        if (known == null) {
            Sha256 sha = new Sha256();
            for (int id = 0; id < size(); id++) {
                sha.text(className(id)).text(name(id));
            }
            known = sha.hex();
            sha256 = known;
        }
        return known;
    }

    /** What reads the files. */
    SampleSource source() {
        return source;
    }

    /** Folder of this part below the data set's folder; empty if that itself holds the images. */
    public String folder() {
        return part.folder();
    }

    /** The class folder of an image; empty if not labelled. */
    String className(int id) {
        return choice.names().get(label(id));
    }

    /** The path of an image below its class folder. */
    String name(int id) {
        return part.name(choice.image(id));
    }
}
