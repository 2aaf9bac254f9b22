package org.simreg.worker.data.dataset.list;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.simreg.proto.UserError;
import org.simreg.worker.data.dataset.folder.PathTree;

/**
 * The columns of a list: which separates them, and which hold path and class.
 *
 * @param separator tab, comma, semicolon, or the last space of a line; none if a line is a path
 * @param path index of its column
 * @param label index of the class's column; -1 if there is none
 * @param header whether the first line names the columns
 */
record ListColumns(Optional<Character> separator, int path, int label, boolean header) {
    private static final List<String> PATHS = List.of(
            "path", "file", "filename", "file_name", "filepath", "file_path", "image", "image_path", "img_path");
    private static final List<String> LABELS =
            List.of("class", "label", "class_name", "classname", "category", "target");

    /**
     * The columns that a first line shows: other than tabs separate only where the line names columns, or is an image's
     * path and a class but no path, since paths may have some.
     *
     * @param field name of the class's column; empty: one of the usual
     * @throws UserError if there is no column of that name
     */
    static ListColumns of(String first, String field, String file) {
        char separator = first.indexOf('\t') >= 0 ? '\t' : semicolons(first) ? ';' : ',';
        List<String> cells = cells(first, separator).stream()
                .map(cell -> cell.strip().toLowerCase(Locale.ROOT))
                .toList();
        int path = index(cells, PATHS);
        if (path < 0) {
            if (!field.isEmpty()) {
                throw new UserError(
                        "%s has no header, so no column %s (--label-field); write a first line that names path and class"
                                .formatted(file, field));
            }
            return separator == '\t' ? new ListColumns(Optional.of('\t'), 0, 1, false) : withoutHeader(first);
        }
        int label = index(cells, field.isEmpty() ? LABELS : List.of(field.toLowerCase(Locale.ROOT)));
        if (label < 0 && !field.isEmpty()) {
            throw new UserError("%s has no column %s (--label-field); it has %s".formatted(file, field, first));
        }
        return new ListColumns(Optional.of(separator), path, label, true);
    }

    private static boolean semicolons(String first) {
        return index(cells(first.toLowerCase(Locale.ROOT), ';'), PATHS) >= 0;
    }

    /** Lists for Caffe and others have a path and a class a line, and no line that names them. */
    private static ListColumns withoutHeader(String first) {
        for (char separator : isImage(first) ? new char[0] : new char[] {',', ';', ' '}) {
            List<String> cells = cells(first, separator);
            if (cells.size() == 2 && isImage(cells.get(0))) {
                return new ListColumns(Optional.of(separator), 0, 1, false);
            }
        }
        return new ListColumns(Optional.empty(), 0, -1, false);
    }

    private static boolean isImage(String cell) {
        String path = cell.strip().replace('\\', '/');
        return PathTree.isImage(path.substring(path.lastIndexOf('/') + 1));
    }

    /** The name of a column that says which part of the data set an image is in; empty if there is none. */
    static Optional<String> part(String first) {
        return Stream.of("split", "subset", "phase", "fold", "is_valid", "partition")
                .filter(Set.copyOf(Arrays.asList(first.toLowerCase(Locale.ROOT).split("[\\s,;\"]+")))::contains)
                .findFirst();
    }

    private static int index(List<String> cells, List<String> names) {
        return names.stream()
                .mapToInt(cells::indexOf)
                .filter(i -> i >= 0)
                .findFirst()
                .orElse(-1);
    }

    /** A line's cells; in quotes a separator stands for itself, and two quotes for one. Of spaces the last separates. */
    static List<String> cells(String line, char separator) {
        if (separator == ' ') {
            String text = line.strip();
            int last = text.lastIndexOf(' ');
            return last < 0 ? List.of(text) : List.of(text.substring(0, last), text.substring(last + 1));
        }
        List<String> cells = new ArrayList<>();
        StringBuilder cell = new StringBuilder();
        boolean quoted = false;
        for (int i = 0; i < line.length(); i++) {
            char one = line.charAt(i);
            boolean quote = one == '"' && separator != '\t';
            if (quote && quoted && i + 1 < line.length() && line.charAt(i + 1) == '"') {
                cell.append(one);
                i++;
            } else if (quote) {
                quoted = !quoted;
            } else if (one == separator && !quoted) {
                cells.add(cell.toString());
                cell.setLength(0);
            } else {
                cell.append(one);
            }
        }
        cells.add(cell.toString());
        return cells;
    }

    /** The cells of a line. */
    List<String> of(String line) {
        return separator.map(one -> cells(line, one)).orElse(List.of(line));
    }
}
