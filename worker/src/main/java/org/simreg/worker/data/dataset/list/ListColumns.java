package org.simreg.worker.data.dataset.list;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.simreg.proto.UserError;

/**
 * The columns of a list: which separates them, and which hold path and class.
 *
 * @param separator tab or comma; none if a line is a path
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
     * The columns that a first line shows: commas separate only where the line names columns, since paths may have
     * some.
     *
     * @param field name of the class's column; empty: one of the usual
     * @throws UserError if there is no column of that name
     */
    static ListColumns of(String first, String field, String file) {
        boolean tab = first.indexOf('\t') >= 0;
        List<String> cells = cells(first, tab ? '\t' : ',').stream()
                .map(cell -> cell.strip().toLowerCase(Locale.ROOT))
                .toList();
        int path = index(cells, PATHS);
        if (path < 0) {
            if (!field.isEmpty()) {
                throw new UserError(
                        "%s has no header, so no column %s (--label-field); write a first line that names path and class"
                                .formatted(file, field));
            }
            return tab
                    ? new ListColumns(Optional.of('\t'), 0, 1, false)
                    : new ListColumns(Optional.empty(), 0, -1, false);
        }
        int label = index(cells, field.isEmpty() ? LABELS : List.of(field.toLowerCase(Locale.ROOT)));
        if (label < 0 && !field.isEmpty()) {
            throw new UserError("%s has no column %s (--label-field); it has %s".formatted(file, field, first));
        }
        return new ListColumns(Optional.of(tab ? '\t' : ','), path, label, true);
    }

    private static int index(List<String> cells, List<String> names) {
        return names.stream()
                .mapToInt(cells::indexOf)
                .filter(i -> i >= 0)
                .findFirst()
                .orElse(-1);
    }

    /** A line's cells; in quotes a separator stands for itself, and two quotes for one. */
    static List<String> cells(String line, char separator) {
        List<String> cells = new ArrayList<>();
        StringBuilder cell = new StringBuilder();
        boolean quoted = false;
        for (int i = 0; i < line.length(); i++) {
            char one = line.charAt(i);
            boolean quote = one == '"' && separator == ',';
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
