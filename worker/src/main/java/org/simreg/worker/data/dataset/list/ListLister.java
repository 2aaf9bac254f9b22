package org.simreg.worker.data.dataset.list;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.simreg.proto.DataSource;
import org.simreg.proto.Roots;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.UserFile;
import org.simreg.worker.data.dataset.ImageDataset;
import org.simreg.worker.data.dataset.SampleExtents;
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

    @Override
    public void list(List<StoredFile> inputs, SampleEntries into, ImageDataset.IndexProgress progress) {
        ListFile found = ListFile.of(file, field, () -> new UserFile.Lines(Path.of(file)), progress);
        List<ListFile.Line> lines = new ArrayList<>(found.lines());
        lines.replaceAll(line -> new ListFile.Line(line.label(), plain(line.path())));
        found.note(into);
        String base = base(lines);
        StoredFile beginning = new StoredFile(base, 0, 0);
        for (ListFile.Line line : lines) {
            String path = line.path().startsWith("/") ? line.path().substring(base.length()) : line.path();
            into.add(new SampleEntries.Entry(line.label(), path, beginning, SampleExtents.WHOLE, -1));
        }
        requireRoots(lines, base);
        requireSome(lines, base);
    }

    /** A path without {@code .}, {@code ..} and double slashes. */
    private String plain(String path) {
        if (DataSource.isObjects(path)) {
            throw new UserError(
                    "The list %s names the object %s; put the list into the bucket, and name it by list:%sBUCKET/KEY"
                            .formatted(file, path, DataSource.OBJECTS));
        }
        boolean odd = path.contains("//") || path.contains("./") || path.startsWith("..");
        return odd ? Path.of(path).normalize().toString() : path;
    }

    /**
     * The folder that paths are below, with a slash behind: the list's own, whose relative paths stay as they are, or
     * where one is absolute the folder that all have in common.
     */
    private String base(List<ListFile.Line> lines) {
        Path parent = Path.of(file).getParent();
        String own = parent == null ? "" : parent + (parent.getNameCount() == 0 ? "" : "/");
        boolean absolute = lines.stream().anyMatch(line -> line.path().startsWith("/"));
        if (!absolute) {
            return own;
        }
        String from = Path.of(file).toAbsolutePath().normalize().getParent() + "/";
        lines.replaceAll(line ->
                line.path().startsWith("/") ? line : new ListFile.Line(line.label(), plain(from + line.path())));
        return ListFile.common(lines);
    }

    private void requireRoots(List<ListFile.Line> lines, String base) {
        Set<String> known = new HashSet<>();
        for (ListFile.Line line : lines) {
            String path = line.path().startsWith("/") ? line.path() : base + line.path();
            String folder = path.substring(0, path.lastIndexOf('/') + 1);
            if (known.add(folder) && !roots.hold(Path.of(folder))) {
                throw new UserError("%s names %s, which is not below %s (--root)".formatted(file, path, roots));
            }
        }
    }

    private void requireSome(List<ListFile.Line> lines, String base) {
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
