package org.simreg.worker.data.dataset.located;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.IntFunction;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
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
 * have the same names in every source. Train and val are folders of these paths, or files by {@link FileSplits}, or, where the source says the classes, folders by {@link FolderSplits}.
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
     * What the rows are by the names of their files or of their paths' folders.
     *
     * @param note a sentence about it; empty if names don't say
     */
    private record Splits(String note, IntFunction<FileSplits.Split> of) {
        static final Splits NONE = new Splits("", row -> FileSplits.Split.TRAIN);

        boolean areNone() {
            return note.isEmpty();
        }
    }

    /**
     * The index of these images.
     *
     * @param inputs the files that they were listed from
     * @throws UserError if there are none, or two have one name
     */
    LocatedIndex index(List<StoredFile> inputs) {
        List<PartBuilder> parts = labelled
                ? byClass(byFiles(inputs).or(this::byPaths).orElse(Splits.NONE))
                : byFolder(byFiles(inputs).orElse(Splits.NONE));
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

    private Optional<Splits> byFiles(List<StoredFile> inputs) {
        return FileSplits.of(inputs).map(all -> {
            List<FileSplits.Split> files = entries.files().stream().map(all::of).toList();
            return new Splits(all.note(), row -> files.get(entries.file(row)));
        });
    }

    private Optional<Splits> byPaths() {
        return FolderSplits.of(entries)
                .map(all -> new Splits(all.note(), row -> all.of(entries.names().get(row))));
    }

    private List<PartBuilder> byClass(Splits splits) {
        if (splits.areNone()) {
            return List.of(byClass("", row -> true));
        }
        notes.add(splits.note);
        PartBuilder train = byClass("train", row -> splits.of.apply(row) == FileSplits.Split.TRAIN);
        PartBuilder val = byClass("val", row -> splits.of.apply(row) == FileSplits.Split.VAL);
        return val.size() == 0 ? List.of(train) : List.of(train, val);
    }

    private PartBuilder byClass(String folder, IntPredicate rows) {
        if (IntStream.range(0, entries.size()).filter(rows).allMatch(row -> entries.label(row) == null)) {
            return unlabelled(folder, rows);
        }
        PartBuilder part = named(folder, rows, false);
        Optional<String> twice = part.twice();
        if (twice.isPresent()) {
            part = named(folder, rows, true);
            if (part.twice().isEmpty()) {
                notes.add("samples are named by their whole paths, as below their class's folders %s"
                        .formatted(twice.get()));
            }
        }
        return part;
    }

    /** A split without any class beside one that has them. */
    private PartBuilder unlabelled(String folder, IntPredicate rows) {
        PartBuilder part = new PartBuilder(folder);
        IntStream.range(0, entries.size())
                .filter(rows)
                .mapToObj(this::entry)
                .forEach(one -> put(part, "", one.path(), one));
        return part;
    }

    private PartBuilder named(String folder, IntPredicate rows, boolean whole) {
        PartBuilder part = new PartBuilder(folder);
        TreeSet<String> without = new TreeSet<>();
        int left = 0;
        for (int row = 0; row < entries.size(); row++) {
            if (!rows.test(row)) {
                continue;
            }
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
            notes.add("left out: %d %s without a class (%s%s)"
                    .formatted(
                            left,
                            left == 1 ? "image" : "images",
                            FileNames.shown(String.join(", ", without)),
                            left > SHOWN ? ", .." : ""));
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

    /** The paths as a tree, whose splits count more than those of the files. */
    private List<PartBuilder> byFolder(Splits splits) {
        PathTree tree = tree(Splits.NONE);
        Splits used = tree.parts().equals(List.of("")) ? splits : Splits.NONE;
        if (!used.areNone()) {
            notes.add(used.note);
            tree = tree(used);
        }
        List<PartBuilder> parts = tree.parts().stream().map(PartBuilder::new).toList();
        for (int row = 0; row < entries.size(); row++) {
            Optional<PathTree.Place> place = tree.place(path(used, row));
            if (place.isPresent()) {
                put(
                        parts.get(place.get().part()),
                        place.get().label(),
                        place.get().name(),
                        entry(row));
            }
        }
        notes.addAll(tree.notes());
        return parts;
    }

    private PathTree tree(Splits splits) {
        PathTree tree = new PathTree();
        for (int row = 0; row < entries.size(); row++) {
            if (splits.areNone() || splits.of.apply(row) != FileSplits.Split.LEFT_OUT) {
                tree.add(path(splits, row));
            }
        }
        return tree;
    }

    /** A row's path below the folder that its file stands for, where files are splits. */
    private String path(Splits splits, int row) {
        String path = entries.names().get(row);
        return splits.areNone() ? path : splits.of.apply(row).name().toLowerCase(Locale.ROOT) + "/" + path;
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
