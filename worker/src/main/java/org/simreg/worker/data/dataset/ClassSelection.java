package org.simreg.worker.data.dataset;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.simreg.proto.Nearest;
import org.simreg.proto.UserError;

/**
 * The choice among the class folders of {@code train}; names that it doesn't have are refused with
 * the nearest that it has.
 */
public final class ClassSelection {
    /** By unsigned bytes of UTF-8: the same order on every machine, whatever its language. */
    static final Comparator<String> ORDER =
            Comparator.comparing(name -> name.getBytes(StandardCharsets.UTF_8), Arrays::compareUnsigned);

    private static final int MENTIONED = 100;

    private final SampleIndex.FolderPart train;
    private final Path root;

    /**
     * @param root the data set's folder, for messages
     */
    public ClassSelection(SampleIndex.FolderPart train, Path root) {
        this.train = train;
        this.root = root;
    }

    /**
     * The classes of a subset, in byte order.
     *
     * @throws UserError if the file names classes that are not there, or no class is left, or there
     *     are no classes
     */
    public List<String> chosen(ImageDataset.Subset subset) {
        boolean all = subset.limitClasses() == 0 && subset.classesFile().isEmpty();
        if (!all && !train.labelled()) {
            throw new UserError("Classes can't be selected in %s, which has no class folders; leave the selection out"
                    .formatted(root));
        }
        List<String> names = subset.classesFile().map(this::listed).orElse(train.classes());
        int limit = subset.limitClasses();
        return List.copyOf(limit == 0 ? names : names.subList(0, Math.min(limit, names.size())));
    }

    private List<String> listed(Path file) {
        List<String> names;
        try (var lines = Files.lines(file)) {
            names = lines.map(String::strip)
                    .filter(line -> !line.isEmpty() && !line.startsWith("#"))
                    .distinct()
                    .sorted(ORDER)
                    .toList();
        } catch (IOException | UncheckedIOException e) {
            throw new UserError("The classes file %s can't be read: %s".formatted(file, e), e);
        }
        if (names.isEmpty()) {
            throw new UserError("The classes file %s names no class; give one folder name a line".formatted(file));
        }
        List<String> unknown = unknown(names);
        if (!unknown.isEmpty()) {
            throw new UserError("The classes file %s names folders that %s doesn't have: %s"
                    .formatted(file, root.resolve(train.folder()), mentioned(unknown)));
        }
        return names;
    }

    /**
     * Lets another part through.
     *
     * @throws UserError if it has class folders that train lacks: their labels would mean nothing
     */
    public SampleIndex.FolderPart known(SampleIndex.FolderPart part) {
        Path folder = root.resolve(part.folder());
        if (!part.labelled()) {
            throw new UserError(
                    "The folder %s has images but no class folders, unlike %s; sort its images into train's classes"
                            .formatted(folder, root.resolve(train.folder())));
        }
        List<String> unknown = unknown(part.classes());
        if (!unknown.isEmpty()) {
            throw new UserError("The folder %s has class folders that %s doesn't have: %s"
                    .formatted(folder, root.resolve(train.folder()), mentioned(unknown)));
        }
        return part;
    }

    private List<String> unknown(Collection<String> names) {
        var known = new HashSet<>(train.classes());
        return names.stream().filter(name -> !known.contains(name)).toList();
    }

    private String mentioned(List<String> unknown) {
        String some = unknown.stream()
                .limit(MENTIONED)
                .map(name -> name + nearest(name))
                .collect(Collectors.joining(", "));
        int more = unknown.size() - MENTIONED;
        return more > 0 ? some + " and " + more + " more" : some;
    }

    private String nearest(String name) {
        return Nearest.of(name, train.classes())
                .map(near -> " (nearest: " + near + ")")
                .orElse("");
    }

    /** The images of the chosen classes of a part, laid end to end: ids from 0 without gaps. */
    static final class Samples {
        private final List<String> names;
        private final int[] labels;
        private final int[] ends;
        private final int[] shifts;

        /**
         * @param part where the images are
         * @param names the chosen classes in byte order; labels are indexes in it. Those that the
         *     part lacks have no images
         */
        Samples(SampleIndex.FolderPart part, List<String> names) {
            this.names = names;
            List<String> folders = part.classes();
            int[] places = IntStream.range(0, folders.size())
                    .filter(i -> find(folders.get(i)) >= 0)
                    .toArray();
            labels = Arrays.stream(places).map(i -> find(folders.get(i))).toArray();
            ends = new int[places.length];
            shifts = new int[places.length];
            int end = 0;
            for (int i = 0; i < places.length; i++) {
                int first = part.classEnd(places[i] - 1);
                shifts[i] = first - end;
                end += part.classEnd(places[i]) - first;
                ends[i] = end;
            }
        }

        private int find(String name) {
            int place = Collections.binarySearch(names, name, ClassSelection.ORDER);
            return place < 0 ? -1 : place;
        }

        List<String> names() {
            return names;
        }

        int size() {
            return ends.length == 0 ? 0 : ends[ends.length - 1];
        }

        int label(int id) {
            return labels[place(id)];
        }

        /** The index of an id's image in the part. */
        int image(int id) {
            return id + shifts[place(id)];
        }

        private int place(int id) {
            if (id < 0 || id >= size()) {
                throw new IndexOutOfBoundsException("sample " + id + " of " + size());
            }
            return SampleIndex.FolderPart.place(ends, id);
        }
    }
}
