package org.simreg.worker.data.dataset;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Function;
import org.simreg.worker.base.io.FileNames;
import org.simreg.worker.base.io.Sha256;

/**
 * The images of one part of a data set in a fixed order: a sample's id is its index in the byte
 * order of (class name, path below the class folder). Immutable.
 */
public final class ImageList {
    private final String root;
    private final SampleIndex.FolderPart part;
    private final ClassSelection.Samples samples;
    private final SampleSource source;
    private final long[] sizes;
    private volatile String sha256;

    /**
     * @param root the data set's folder or sources, for people
     * @param classes the chosen classes of train, in byte order
     * @param source gives what reads the samples of this folder
     */
    public ImageList(
            String root, SampleIndex.FolderPart part, List<String> classes, Function<ImageList, SampleSource> source) {
        this(root, part, classes, source, new long[0]);
    }

    /**
     * A list whose files' sizes are known already.
     *
     * @param sizes by id; none: the source is asked
     */
    public ImageList(
            String root,
            SampleIndex.FolderPart part,
            List<String> classes,
            Function<ImageList, SampleSource> source,
            long[] sizes) {
        this.sizes = sizes;
        this.root = root;
        this.part = part;
        samples = new ClassSelection.Samples(part, classes);
        this.source = source.apply(this);
    }

    /** How many images. */
    public int size() {
        return samples.size();
    }

    /** The class of an image, an index in {@link #classNames()}; 0 for all if not labelled. */
    public int label(int id) {
        return samples.label(id);
    }

    /** Class names in byte order; of val too, train's. One empty name if not labelled. */
    public List<String> classNames() {
        return samples.names();
    }

    /** Whether the classes of the images are known. */
    public boolean labelled() {
        return part.labelled();
    }

    /** The path of an image below the data set's folder, as text. */
    public String path(int id) {
        return part.folder().isEmpty() ? below(id) : part.folder() + "/" + below(id);
    }

    /** The path of an image from the data set's own on, as text: tells it from all others. */
    public String key(int id) {
        return root + "/" + path(id);
    }

    /** Where an image lies, for people. */
    public String location(int id) {
        return FileNames.shown(source.location(id).orElseGet(() -> key(id)));
    }

    /** The index of an image in its part. */
    public int place(int id) {
        return samples.image(id);
    }

    private String below(int id) {
        return part.placement() == SampleIndex.Placement.CLASS_FOLDERS ? className(id) + "/" + name(id) : name(id);
    }

    /** How the classes of the images are known. */
    public SampleIndex.Placement placement() {
        return part.placement();
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
            byte[] label = {};
            String before = null;
            for (int id = 0; id < size(); id++) {
                String name = className(id);
                if (!name.equals(before)) {
                    label = (name + "\0").getBytes(StandardCharsets.UTF_8);
                    before = name;
                }
                part.digestName(samples.image(id), sha.bytes(label));
            }
            known = sha.hex();
            sha256 = known;
        }
        return known;
    }

    /** The bytes of an image's file; -1 where that isn't known. */
    public long bytes(int id) {
        return sizes.length > 0 ? sizes[id] : source.bytes(id);
    }

    /** What reads the files. */
    public SampleSource source() {
        return source;
    }

    /** Folder of this part below the data set's folder; empty if that itself holds the images. */
    public String folder() {
        return part.folder();
    }

    /**
     * The class of an image as its folder or list spells it, which may be another spelling than that in {@link
     * #classNames()}; empty if not labelled.
     */
    public String className(int id) {
        return samples.folder(id);
    }

    /** The path of an image below its class folder. */
    public String name(int id) {
        return part.name(samples.image(id));
    }
}
