package org.simreg.worker.data;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.stream.Collectors;
import org.simreg.proto.Nearest;
import org.simreg.proto.UserError;

/**
 * The class folders of {@code train}: which of them are chosen, and which names are unknown among
 * them.
 */
final class ClassNames {
    /** By unsigned bytes of UTF-8: the same order on every machine, whatever its language. */
    static final Comparator<String> ORDER =
            Comparator.comparing(
                    name -> name.getBytes(StandardCharsets.UTF_8), Arrays::compareUnsigned);

    private static final int MENTIONED = 100;

    private final FolderPart train;
    private final Path root;

    /**
     * @param root the data set's folder, for messages
     */
    ClassNames(FolderPart train, Path root) {
        this.train = train;
        this.root = root;
    }

    /**
     * The classes of a subset, in byte order.
     *
     * @throws UserError if the file names classes that are not there, or no class is left, or there
     *     are no classes
     */
    List<String> chosen(Subset subset) {
        boolean all = subset.limitClasses() == 0 && subset.classesFile().isEmpty();
        if (!all && !train.labelled()) {
            throw new UserError(
                    "Classes can't be selected in %s, which has no class folders; leave the selection out"
                            .formatted(root));
        }
        List<String> names = subset.classesFile().map(this::listed).orElse(train.classes());
        int limit = subset.limitClasses();
        return List.copyOf(limit == 0 ? names : names.subList(0, Math.min(limit, names.size())));
    }

    private List<String> listed(Path file) {
        List<String> names;
        try (var lines = Files.lines(file)) {
            names =
                    lines.map(String::strip)
                            .filter(line -> !line.isEmpty() && !line.startsWith("#"))
                            .distinct()
                            .sorted(ORDER)
                            .toList();
        } catch (IOException | UncheckedIOException e) {
            throw new UserError("The classes file %s can't be read: %s".formatted(file, e), e);
        }
        if (names.isEmpty()) {
            throw new UserError(
                    "The classes file %s names no class; give one folder name a line"
                            .formatted(file));
        }
        List<String> unknown = unknown(names);
        if (!unknown.isEmpty()) {
            throw new UserError(
                    "The classes file %s names folders that %s doesn't have: %s"
                            .formatted(file, root.resolve(train.folder()), mentioned(unknown)));
        }
        return names;
    }

    /**
     * Lets another part through.
     *
     * @throws UserError if it has class folders that train lacks: their labels would mean nothing
     */
    FolderPart known(FolderPart part) {
        Path folder = root.resolve(part.folder());
        if (!part.labelled()) {
            throw new UserError(
                    "The folder %s has images but no class folders, unlike %s; sort its images into train's classes"
                            .formatted(folder, root.resolve(train.folder())));
        }
        List<String> unknown = unknown(part.classes());
        if (!unknown.isEmpty()) {
            throw new UserError(
                    "The folder %s has class folders that %s doesn't have: %s"
                            .formatted(folder, root.resolve(train.folder()), mentioned(unknown)));
        }
        return part;
    }

    private List<String> unknown(Collection<String> names) {
        var known = new HashSet<>(train.classes());
        return names.stream().filter(name -> !known.contains(name)).toList();
    }

    private String mentioned(List<String> unknown) {
        String some =
                unknown.stream()
                        .limit(MENTIONED)
                        .map(name -> name + nearest(name))
                        .collect(Collectors.joining(", "));
        int more = unknown.size() - MENTIONED;
        return more > 0 ? some + " and " + more + " more" : some;
    }

    private String nearest(String name) {
        return Nearest.of(name, train.classes()).map(near -> " (nearest: " + near + ")").orElse("");
    }
}
