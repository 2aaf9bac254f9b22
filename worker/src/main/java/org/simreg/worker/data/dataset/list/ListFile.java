package org.simreg.worker.data.dataset.list;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.base.io.UserFile;
import org.simreg.worker.data.dataset.ImageDataset;
import org.simreg.worker.data.dataset.folder.PathTree;
import org.simreg.worker.data.dataset.located.IntColumn;
import org.simreg.worker.data.dataset.located.SampleEntries;
import org.simreg.worker.data.dataset.located.TextColumn;
import org.simreg.worker.data.dataset.located.TextNumbers;

/** The lines of a list whose path is an image's, in columns: a million take their texts and eight bytes each. */
final class ListFile {
    /** An object or an array, which may go on in the next line; a path may begin with a bracket too. */
    private static final Pattern JSON = Pattern.compile("[\\[{]\\s*([\"\\[{]|$)");

    private static final int STEP = 10_000;
    private static final int NONE = -1;

    private final String file;
    private final TextColumn paths = new TextColumn();
    private final IntColumn label = new IntColumn();
    private final TextNumbers labels = new TextNumbers();
    private int others;
    private Optional<String> part = Optional.empty();

    private ListFile(String file) {
        this.file = file;
    }

    /** What opens a list. */
    interface Opening {
        UserFile.Lines open() throws IOException;
    }

    /**
     * Reads a list.
     *
     * @param file its name, for people
     * @param field name of the class's column; empty: one of the usual names
     * @param plain what a path is kept as
     * @throws UserError if it can't be read or isn't of the form
     */
    static ListFile of(
            String file,
            String field,
            Opening opening,
            UnaryOperator<String> plain,
            ImageDataset.IndexProgress progress) {
        ListFile lines = new ListFile(file);
        try (UserFile.Lines in = opening.open()) {
            String first = in.next();
            first = first != null && first.startsWith("\uFEFF") ? first.substring(1) : first;
            int number = 1;
            while (first != null && isNothing(first)) {
                first = in.next();
                number++;
            }
            if (first == null) {
                throw new UserError("The list %s is empty; write the path of an image a line".formatted(file));
            } else if (JSON.matcher(first).lookingAt()) {
                throw new UserError("The list %s is JSON; write a CSV with the columns path and label, or a path a line"
                        .formatted(file));
            }
            ListColumns columns = ListColumns.of(first, field, file);
            lines.part = columns.header() ? ListColumns.part(first) : Optional.empty();
            for (String text = columns.header() ? in.next() : first; text != null; text = in.next()) {
                number++;
                if (!isNothing(text)) {
                    lines.add(columns, columns.of(text), columns.header() ? number : number - 1, plain);
                }
                if (lines.size() % STEP == 0) {
                    progress.listed(0, lines.size());
                }
            }
        } catch (IOException e) {
            throw new UserError("The list %s can't be read: %s".formatted(file, Disk.reason(e)), e);
        }
        return lines;
    }

    /** Whether a line is empty or a comment, which no path is: one begins with a hash and a space. */
    private static boolean isNothing(String line) {
        return line.isBlank() || line.startsWith("# ") || line.strip().equals("#");
    }

    private void add(ListColumns columns, List<String> cells, int number, UnaryOperator<String> plain) {
        if (cells.size() <= Math.max(columns.path(), columns.label())) {
            throw new UserError("%s: line %d has %d columns, not %d as the first; mend it"
                    .formatted(file, number, cells.size(), Math.max(columns.path(), columns.label()) + 1));
        }
        String path = cells.get(columns.path()).strip();
        if (path.isEmpty() || path.indexOf('\0') >= 0) {
            throw new UserError("%s: line %d has no path; mend it".formatted(file, number));
        }
        if (!PathTree.isImage(path.substring(path.lastIndexOf('/') + 1))) {
            others++;
            return;
        }
        String name = columns.label() < 0 ? "" : cells.get(columns.label()).strip();
        paths.add(plain.apply(path));
        label.add(name.isEmpty() ? NONE : labels.of(name));
    }

    /** How many lines. */
    int size() {
        return paths.size();
    }

    /** The path in a line. */
    String path(int line) {
        return paths.get(line);
    }

    /** The class in a line; null if it has none. */
    String label(int line) {
        return label.get(line) == NONE ? null : labels.text(label.get(line));
    }

    /** Says what was left out. */
    void note(SampleEntries into) {
        if (others > 0) {
            into.note("left out: %d lines whose path isn't an image's".formatted(others));
        }
        part.ifPresent(name -> into.note(
                "the column %s of %s isn't read, all of its images are one part; give a list of val's by --eval-data list:FILE"
                        .formatted(name, file)));
    }

    /**
     * What all paths begin with, up to the last slash in it.
     *
     * @param whole what a path stands for
     */
    String common(UnaryOperator<String> whole) {
        String common = whole.apply(path(0));
        for (int line = 1; line < size(); line++) {
            String path = whole.apply(path(line));
            int end = 0;
            int most = Math.min(common.length(), path.length());
            while (end < most && common.charAt(end) == path.charAt(end)) {
                end++;
            }
            common = common.substring(0, end);
        }
        return common.substring(0, common.lastIndexOf('/') + 1);
    }
}
