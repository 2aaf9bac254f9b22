package org.simreg.worker.data.dataset.list;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
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
    private Optional<Boolean> windows = Optional.empty();

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
        ListFile lines = ListFile.of(file, field, () -> new UserFile.Lines(Path.of(file)), this::plain, progress);
        lines.note(into);
        if (windows.orElse(false)) {
            into.note("the backslashes in the paths of %s are taken as slashes".formatted(file));
        }
        Base base = base(lines);
        StoredFile beginning = new StoredFile(base.folder(), 0, 0);
        for (int line = 0; line < lines.size(); line++) {
            String path = base.below(lines.path(line));
            into.add(new SampleEntries.Entry(lines.label(line), path, beginning, SampleExtents.WHOLE, -1));
        }
        requireRoots(lines, base);
        requireSome(lines, base);
    }

    /** A path without {@code .}, {@code ..} and double slashes, and with slashes where a list of Windows has others. */
    private String plain(String named) {
        String path = named.indexOf('\\') >= 0 && ofWindows(named) ? named.replace('\\', '/') : named;
        if (path.contains("://") && !DataSource.isObjects(path)) {
            throw new UserError(
                    "The list %s names %s, and only files are read; download them first".formatted(file, path));
        }
        if (DataSource.isObjects(path)) {
            throw new UserError(
                    "The list %s names the object %s; put the list into the bucket, and name it by list:%sBUCKET/KEY"
                            .formatted(file, path, DataSource.OBJECTS));
        }
        boolean odd = path.contains("//") || path.contains("./") || path.startsWith("..");
        return odd ? Path.of(path).normalize().toString() : path;
    }

    /** Whether backslashes in a list separate folders: nothing has the first such name as it stands. */
    private boolean ofWindows(String path) {
        if (windows.isEmpty()) {
            Path own = Path.of(file).toAbsolutePath().getParent();
            windows = Optional.of(!Files.exists(own.resolve(path)));
        }
        return windows.get();
    }

    /**
     * The folder that paths are below: the list's own, whose relative paths stay as they are, or where one is absolute
     * the folder that all have in common.
     */
    private Base base(ListFile lines) {
        Path parent = Path.of(file).getParent();
        String own = parent == null ? "" : parent + (parent.getNameCount() == 0 ? "" : "/");
        boolean absolute = IntStream.range(0, lines.size())
                .anyMatch(line -> lines.path(line).startsWith("/"));
        if (!absolute) {
            return new Base(own, Optional.empty());
        }
        String from = Path.of(file).toAbsolutePath().normalize().getParent() + "/";
        UnaryOperator<String> whole = path -> path.startsWith("/") ? path : plain(from + path);
        return new Base(lines.common(whole), Optional.of(whole));
    }

    /**
     * The folder that a list's paths are below.
     *
     * @param folder with a slash behind, or empty
     * @param whole makes paths absolute; none where all are below the folder as they stand
     */
    private record Base(String folder, Optional<UnaryOperator<String>> whole) {
        String below(String path) {
            return whole.isEmpty() ? path : place(path).substring(folder.length());
        }

        String place(String path) {
            return whole.isEmpty() ? folder + path : whole.get().apply(path);
        }
    }

    private void requireRoots(ListFile lines, Base base) {
        Set<String> known = new HashSet<>();
        for (int line = 0; line < lines.size(); line++) {
            String path = base.place(lines.path(line));
            String folder = path.substring(0, path.lastIndexOf('/') + 1);
            if (known.add(folder) && !roots.hold(Path.of(folder))) {
                throw new UserError("%s names %s, which is not below %s (--root)".formatted(file, path, roots));
            }
        }
    }

    private void requireSome(ListFile lines, Base base) {
        int most = Math.min(PROBED, lines.size());
        for (int line = 0; line < most; line++) {
            if (Files.exists(Path.of(base.place(lines.path(line))))) {
                return;
            }
        }
        if (most > 0) {
            throw new UserError(
                    "%s: there is no %s, nor any of the next paths; they count from the list's folder or are absolute"
                            .formatted(file, base.place(lines.path(0))));
        }
    }
}
