package org.simreg.coordinator.search.bank;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import org.simreg.proto.UserError;

/**
 * The classes of a bank's rows from a file with a line a row, or none. The file is read twice, once for the names of
 * the classes and once for the rows', so that memory is taken for the classes only.
 */
final class RowLabels implements AutoCloseable {
    private static final int MOST_CLASSES = 1 << 20;
    private static final int MOST_CHARACTERS = 1 << 24;

    private final List<String> classes;
    private final Optional<RowLines> lines;

    private RowLabels(List<String> classes, Optional<RowLines> lines) {
        this.classes = classes;
        this.lines = lines;
    }

    /**
     * The names of all classes, ascending; none without a file.
     *
     * @param file may be empty: no row has a class
     * @throws UserError if it can't be read, has no line for each row, or very many classes
     */
    static List<String> classes(String file, int rows) {
        if (file.isEmpty()) {
            return List.of();
        }
        SortedSet<String> classes = new TreeSet<>();
        long characters = 0;
        try (RowLines lines = RowLines.open(Path.of(file), rows)) {
            for (int row = 0; row < rows; row++) {
                String line = lines.next();
                if (classes.add(line)) {
                    characters += line.length();
                }
                if (classes.size() > MOST_CLASSES || characters > MOST_CHARACTERS) {
                    throw new UserError(
                            "%s names more than %d classes or %d letters of them; give a class for each row, not a name"
                                    .formatted(file, MOST_CLASSES, MOST_CHARACTERS));
                }
            }
            lines.requireEnd();
        }
        return List.copyOf(classes);
    }

    /**
     * Opens the file again.
     *
     * @param classes that {@link #classes} gave
     */
    static RowLabels open(String file, List<String> classes) {
        return new RowLabels(
                classes,
                file.isEmpty() ? Optional.empty() : Optional.of(RowLines.open(Path.of(file), Integer.MAX_VALUE)));
    }

    /** Labels of the next rows: places of their classes, or -1. */
    int[] next(int count) {
        int[] labels = new int[count];
        if (lines.isEmpty()) {
            Arrays.fill(labels, -1);
            return labels;
        }
        for (int i = 0; i < count; i++) {
            labels[i] = Collections.binarySearch(classes, lines.get().next());
            if (labels[i] < 0) {
                throw new UserError("The file of labels has changed while the bank was made; make it again");
            }
        }
        return labels;
    }

    @Override
    public void close() {
        lines.ifPresent(RowLines::close);
    }
}
