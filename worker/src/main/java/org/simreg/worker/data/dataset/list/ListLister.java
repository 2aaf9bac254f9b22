package org.simreg.worker.data.dataset.list;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.simreg.proto.Roots;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.base.io.UserFile;
import org.simreg.worker.data.dataset.ImageDataset;
import org.simreg.worker.data.dataset.SampleExtents;
import org.simreg.worker.data.dataset.folder.PathTree;
import org.simreg.worker.data.dataset.located.SampleEntries;
import org.simreg.worker.data.dataset.located.SampleLister;
import org.simreg.worker.data.store.LocalStore;
import org.simreg.worker.data.store.StoredFile;

/**
 * The lister of a text file with the path of an image a line, and perhaps its class behind a tab; or of a CSV or
 * tab-separated file whose first line names the columns. Paths are relative to the list's folder or absolute; UTF-8.
 * Images are not looked at, but for the first few.
 */
public final class ListLister implements SampleLister {
    /** Lines of which one image at least must be there. */
    private static final int PROBED = 100;

    private static final int STEP = 10_000;

    private final String file;
    private final String field;
    private final Roots roots;

    /**
     * @param file the list
     * @param field name of the class's column; empty: one of the usual names
     * @param roots below which the list and the images must lie
     */
    public ListLister(String file, String field, Roots roots) {
        this.file = file;
        this.field = field;
        this.roots = roots;
    }

    @Override
    public String key() {
        return "list:" + file + (field.isEmpty() ? "" : " (" + field + ")");
    }

    @Override
    public List<StoredFile> inputs() {
        return new LocalStore(roots).find(file);
    }

    /** A line: class, null if it has none, and path. */
    private record Line(String label, String path) {}

    @Override
    public void list(List<StoredFile> inputs, SampleEntries into, ImageDataset.IndexProgress progress) {
        List<Line> lines = lines(into, progress);
        String base = base(lines);
        StoredFile beginning = new StoredFile(base, 0, 0);
        for (Line line : lines) {
            String path = line.path().startsWith("/") ? line.path().substring(base.length()) : line.path();
            into.add(new SampleEntries.Entry(line.label(), path, beginning, SampleExtents.WHOLE, -1));
        }
        requireRoots(lines, base);
        requireSome(lines, base);
    }

    private List<Line> lines(SampleEntries into, ImageDataset.IndexProgress progress) {
        List<Line> lines = new ArrayList<>();
        int others = 0;
        try (UserFile.Lines in = new UserFile.Lines(Path.of(file))) {
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
                    Line line = line(columns, text, columns.header() ? number : number - 1);
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
        if (others > 0) {
            into.note("left out: %d lines whose path isn't an image's".formatted(others));
        }
        return lines;
    }

    private Line line(ListColumns columns, String text, int number) {
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
        return new Line(label.isEmpty() ? null : label, plain(path));
    }

    /** A path without {@code .}, {@code ..} and double slashes. */
    private static String plain(String path) {
        boolean odd = path.contains("//") || path.contains("./") || path.startsWith("..");
        return odd ? Path.of(path).normalize().toString() : path;
    }

    /**
     * The folder that paths are below, with a slash behind: the list's own, whose relative paths stay as they are, or
     * where one is absolute the folder that all have in common.
     */
    private String base(List<Line> lines) {
        Path parent = Path.of(file).getParent();
        String own = parent == null ? "" : parent + (parent.getNameCount() == 0 ? "" : "/");
        boolean absolute = lines.stream().anyMatch(line -> line.path().startsWith("/"));
        if (!absolute) {
            return own;
        }
        String from = Path.of(file).toAbsolutePath().normalize().getParent() + "/";
        lines.replaceAll(
                line -> line.path().startsWith("/") ? line : new Line(line.label(), plain(from + line.path())));
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

    private void requireRoots(List<Line> lines, String base) {
        Set<String> known = new HashSet<>();
        for (Line line : lines) {
            String path = line.path().startsWith("/") ? line.path() : base + line.path();
            String folder = path.substring(0, path.lastIndexOf('/') + 1);
            if (known.add(folder) && !roots.hold(Path.of(folder))) {
                throw new UserError("%s names %s, which is not below %s (--root)".formatted(file, path, roots));
            }
        }
    }

    private void requireSome(List<Line> lines, String base) {
        int most = Math.min(PROBED, lines.size());
        for (int i = 0; i < most; i++) {
            String path = lines.get(i).path();
            if (Files.exists(Path.of(path.startsWith("/") ? path : base + path))) {
                return;
            }
        }
        if (most > 0) {
            String path = lines.get(0).path();
            throw new UserError(
                    "%s: there is no %s, nor any of the next paths; they count from the list's folder or are absolute"
                            .formatted(file, path.startsWith("/") ? path : base + path));
        }
    }
}
