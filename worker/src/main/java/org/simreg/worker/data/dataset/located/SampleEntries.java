package org.simreg.worker.data.dataset.located;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.FileNames;
import org.simreg.worker.data.dataset.LocatedIndex;
import org.simreg.worker.data.dataset.SampleExtents;
import org.simreg.worker.data.dataset.folder.PathTree;
import org.simreg.worker.data.store.StoredFile;

/**
 * The images that a source lists, each by its path and perhaps a class. What makes a name of a path: where the source
 * has no classes of its own, paths are read as a folder tree; where it has, a name is the path below the first folder
 * of the class's name, or the whole path if there is no such folder or two names would be one. So the same pictures
 * have the same names in every source.
 */
public final class SampleEntries {
    private static final int SHOWN = 3;

    private SampleRows entries = new SampleRows();
    private final List<String> notes = new ArrayList<>();
    private final String source;
    private boolean labelled;

    /**
     * @param source for messages
     */
    public SampleEntries(String source) {
        this.source = source;
    }

    /**
     * An image.
     *
     * @param label its class; null if the source doesn't say
     * @param path with slashes, below the source's root
     * @param file that holds it; of a file of its own the folder of all paths, with a slash at its end, or nothing
     * @param offset of its bytes, or {@link SampleExtents#WHOLE}, or what tells an object from what it was before
     * @param length of its bytes; -1 if that isn't known
     */
    public record Entry(String label, String path, StoredFile file, long offset, int length) {}

    /** Takes an image. */
    public void add(Entry entry) {
        entries.add(entry.label(), entry.path(), entry.file(), entry.offset(), entry.length());
        labelled |= entry.label() != null;
    }

    /** Takes a sentence about what is left out or understood. */
    public void note(String note) {
        notes.add(note);
    }

    /** How many images. */
    public int size() {
        return entries.size();
    }

    private Entry entry(int row) {
        return new Entry(
                entries.label(row),
                entries.names().get(row),
                entries.files().get(entries.file(row)),
                entries.offset(row),
                entries.length(row));
    }

    /**
     * The index of these images.
     *
     * @param inputs the files that they were listed from
     * @throws UserError if there are none, or two have one name
     */
    LocatedIndex index(List<StoredFile> inputs) {
        List<PartBuilder> parts = labelled ? List.of(byClass()) : byFolder();
        entries = new SampleRows(); // the parts have them
        if (parts.get(0).size() == 0) {
            throw new UserError("%s has no images (jpg, png, webp, gif, bmp, tif, ppm, pgm); check what it names"
                    .formatted(source));
        }
        List<LocatedIndex.Part> built = new ArrayList<>();
        for (PartBuilder part : parts) {
            part.twice().ifPresent(twice -> {
                throw new UserError("%s: %s; give each a name of its own".formatted(source, twice));
            });
            LocatedIndex.Part one = part.build();
            notes.addAll(PathTree.notes(one.names()));
            built.add(one);
        }
        return new LocatedIndex(inputs, List.copyOf(built), List.copyOf(notes));
    }

    private PartBuilder byClass() {
        PartBuilder part = named(false);
        Optional<String> twice = part.twice();
        if (twice.isPresent()) {
            part = named(true);
            if (part.twice().isEmpty()) {
                notes.add("samples are named by their whole paths, as below their class's folders %s"
                        .formatted(twice.get()));
            }
        }
        return part;
    }

    private PartBuilder named(boolean whole) {
        PartBuilder part = new PartBuilder("");
        TreeSet<String> without = new TreeSet<>();
        int left = 0;
        for (int row = 0; row < entries.size(); row++) {
            Entry entry = entry(row);
            if (entry.label() == null) {
                without.add(entry.path());
                if (without.size() > SHOWN) {
                    without.pollLast();
                }
                left++;
            } else {
                put(part, entry.label(), whole ? entry.path() : below(entry.path(), entry.label()), entry);
            }
        }
        if (!without.isEmpty() && !whole) {
            notes.add("left out: %d images without a class (%s%s)"
                    .formatted(left, FileNames.shown(String.join(", ", without)), left > SHOWN ? ", .." : ""));
        }
        return part;
    }

    private static String below(String path, String label) {
        if (path.startsWith(label + "/")) {
            return path.substring(label.length() + 1);
        }
        int found = path.indexOf("/" + label + "/");
        return found < 0 ? path : path.substring(found + label.length() + 2);
    }

    private List<PartBuilder> byFolder() {
        PathTree tree = new PathTree();
        for (int row = 0; row < entries.size(); row++) {
            tree.add(entries.names().get(row));
        }
        List<PartBuilder> parts = tree.parts().stream().map(PartBuilder::new).toList();
        for (int row = 0; row < entries.size(); row++) {
            Entry entry = entry(row);
            tree.place(entry.path())
                    .ifPresent(place -> put(parts.get(place.part()), place.label(), place.name(), entry));
        }
        notes.addAll(tree.notes());
        return parts;
    }

    private static void put(PartBuilder part, String label, String name, Entry entry) {
        StoredFile file = entry.file();
        if (entry.offset() == SampleExtents.WHOLE || file.isFolder()) {
            String before = entry.path().substring(0, entry.path().length() - name.length());
            file = new StoredFile(file.path() + before, file.size(), 0);
        }
        part.add(label, name, file, entry.offset(), entry.length());
    }
}
