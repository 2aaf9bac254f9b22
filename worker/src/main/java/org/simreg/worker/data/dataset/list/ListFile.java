package org.simreg.worker.data.dataset.list;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.base.io.UserFile;
import org.simreg.worker.data.dataset.ImageDataset;
import org.simreg.worker.data.dataset.folder.PathTree;
import org.simreg.worker.data.dataset.located.SampleEntries;

/**
 * The lines of a list.
 *
 * @param lines those whose path is an image's
 * @param others how many have another path
 */
record ListFile(List<Line> lines, int others) {
    private static final int STEP = 10_000;

    /**
     * A line.
     *
     * @param label class; null if it has none
     * @param path as it stands there
     */
    record Line(String label, String path) {}

    /** What opens a list. */
    interface Opening {
        UserFile.Lines open() throws IOException;
    }

    /**
     * Reads a list.
     *
     * @param file its name, for people
     * @param field name of the class's column; empty: one of the usual names
     * @throws UserError if it can't be read or isn't of the form
     */
    static ListFile of(String file, String field, Opening opening, ImageDataset.IndexProgress progress) {
        List<Line> lines = new ArrayList<>();
        int others = 0;
        try (UserFile.Lines in = opening.open()) {
            String first = in.next();
            if (first == null) {
                throw new UserError("The list %s is empty; write the path of an image a line".formatted(file));
            }
            first = first.startsWith("\uFEFF") ? first.substring(1) : first;
            ListColumns columns = ListColumns.of(first, field, file);
            int number = 1;
            for (String text = columns.header() ? in.next() : first; text != null; text = in.next()) {
                number++;
                if (!text.isBlank()) {
                    Line line = line(columns, text, file, columns.header() ? number : number - 1);
                    if (PathTree.isImage(line.path().substring(line.path().lastIndexOf('/') + 1))) {
                        lines.add(line);
                    } else {
                        others++;
                    }
                }
                if (lines.size() % STEP == 0) {
                    progress.listed(0, lines.size());
                }
            }
        } catch (IOException e) {
            throw new UserError("The list %s can't be read: %s".formatted(file, Disk.reason(e)), e);
        }
        return new ListFile(lines, others);
    }

    private static Line line(ListColumns columns, String text, String file, int number) {
        List<String> cells = columns.of(text);
        if (cells.size() <= Math.max(columns.path(), columns.label())) {
            throw new UserError("%s: line %d has %d columns, not %d as the first; mend it"
                    .formatted(file, number, cells.size(), Math.max(columns.path(), columns.label()) + 1));
        }
        String path = cells.get(columns.path()).strip();
        if (path.isEmpty() || path.indexOf('\0') >= 0) {
            throw new UserError("%s: line %d has no path; mend it".formatted(file, number));
        }
        String label = columns.label() < 0 ? "" : cells.get(columns.label()).strip();
        return new Line(label.isEmpty() ? null : label, path);
    }

    /** Says what was left out. */
    void note(SampleEntries into) {
        if (others > 0) {
            into.note("left out: %d lines whose path isn't an image's".formatted(others));
        }
    }

    /** What all paths begin with, up to the last slash in it. */
    static String common(List<Line> lines) {
        String common = lines.get(0).path();
        for (Line line : lines) {
            int end = 0;
            int most = Math.min(common.length(), line.path().length());
            while (end < most && common.charAt(end) == line.path().charAt(end)) {
                end++;
            }
            common = common.substring(0, end);
        }
        return common.substring(0, common.lastIndexOf('/') + 1);
    }
}
