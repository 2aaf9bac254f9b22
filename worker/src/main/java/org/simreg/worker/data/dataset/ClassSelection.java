package org.simreg.worker.data.dataset;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.simreg.proto.Nearest;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.base.io.FileNames;

/**
 * The choice among the class folders of {@code train}; names that it doesn't have are refused with
 * the nearest that it has.
 */
public final class ClassSelection {
    /** By unsigned bytes: the same order on every machine, whatever its language. */
    static final Comparator<String> ORDER = Comparator.comparing(FileNames::bytes, Arrays::compareUnsigned);

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
     * The classes that folders stand for, in byte order: two folders whose names differ in their Unicode form alone
     * are one class, under the first name.
     */
    public static List<String> classes(List<String> folders) {
        Map<String, String> first = new LinkedHashMap<>();
        folders.stream().sorted(ORDER).forEach(name -> first.putIfAbsent(FileNames.composed(name), name));
        boolean some = first.keySet().stream().anyMatch(name -> !name.isEmpty());
        return first.values().stream().filter(name -> !some || !name.isEmpty()).toList();
    }

    /**
     * The classes of a subset, in byte order.
     *
     * @param notices takes a sentence about a class list that was understood otherwise than literally
     * @throws UserError if the file names classes that are not there, or no class is left, or there
     *     are no classes
     */
    public List<String> chosen(ImageDataset.Subset subset, Consumer<String> notices) {
        boolean all = subset.limitClasses() == 0 && subset.classesFile().isEmpty();
        if (!all && !train.labelled()) {
            throw new UserError("Classes can't be selected in %s, which has no class folders; leave the selection out"
                    .formatted(root));
        }
        List<String> names =
                subset.classesFile().map(file -> listed(file, notices)).orElse(all());
        int limit = subset.limitClasses();
        return List.copyOf(limit == 0 ? names : names.subList(0, Math.min(limit, names.size())));
    }

    private List<String> all() {
        return classes(train.classes());
    }

    private List<String> listed(Path file, Consumer<String> notices) {
        List<String> lines;
        try {
            lines = TextLines.read(file).stream()
                    .filter(line -> !line.startsWith("#"))
                    .distinct()
                    .toList();
        } catch (IOException e) {
            throw new UserError("The classes file %s can't be read: %s".formatted(file, Disk.reason(e)), e);
        }
        if (lines.isEmpty()) {
            throw new UserError("The classes file %s names no class; give one folder name a line".formatted(file));
        }
        ClassNames known = new ClassNames(all());
        List<String> unknown = new ArrayList<>();
        Set<String> names = new TreeSet<>(ORDER);
        List<String> cut = new ArrayList<>();
        for (String line : lines) {
            Optional<String> name = known.find(line);
            name.ifPresentOrElse(names::add, () -> unknown.add(line));
            name.filter(found -> line.startsWith(found) && line.length() > found.length())
                    .ifPresent(found -> cut.add(line));
        }
        if (!unknown.isEmpty()) {
            throw new UserError("The classes file %s names folders that %s doesn't have: %s"
                    .formatted(file, FileNames.resolve(root, train.folder()), mentioned(unknown)));
        }
        if (!cut.isEmpty()) {
            String first = known.find(cut.get(0)).orElseThrow();
            notices.accept("%d of %d lines of %s have more than a class's name, such as \"%s\": taken as %s"
                    .formatted(cut.size(), lines.size(), file, cut.get(0), first));
        }
        return List.copyOf(names);
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
        return Nearest.of(name, all()).map(near -> " (nearest: " + near + ")").orElse("");
    }

    /** The images of the chosen classes of a part, laid end to end: ids from 0 without gaps. */
    static final class Samples {
        private final List<String> names;
        private final List<String> folders;
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
            ClassNames known = new ClassNames(names);
            List<String> all = part.classes();
            int[] places = IntStream.range(0, all.size())
                    .filter(i -> known.label(all.get(i)) >= 0)
                    .toArray();
            folders = Arrays.stream(places).mapToObj(all::get).toList();
            labels = folders.stream().mapToInt(known::label).toArray();
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

        List<String> names() {
            return names;
        }

        int size() {
            return ends.length == 0 ? 0 : ends[ends.length - 1];
        }

        int label(int id) {
            return labels[place(id)];
        }

        /** The class's name as this part has it. */
        String folder(int id) {
            return folders.get(place(id));
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
