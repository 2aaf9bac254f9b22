package org.simreg.worker.data.dataset.list;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.simreg.proto.DataSource;
import org.simreg.proto.Roots;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.Sha256;
import org.simreg.worker.base.io.UserFile;
import org.simreg.worker.data.dataset.ImageDataset;
import org.simreg.worker.data.dataset.located.SampleEntries;
import org.simreg.worker.data.dataset.located.SampleLister;
import org.simreg.worker.data.store.FileStore;
import org.simreg.worker.data.store.ObjectStore;
import org.simreg.worker.data.store.StoredFile;

/**
 * The lister of objects that a list in a bucket names, of the form that {@link ListLister} reads. Names are relative to
 * the list's folder, or {@code s3://BUCKET/KEY}. Each start lists the folders that they lie in.
 */
public final class ListedObjects implements SampleLister {
    private static final int LARGEST = 1 << 30;
    private static final int SHOWN = 3;

    private final String file;
    private final String field;
    private final ObjectStore store;
    private final Roots roots;
    private final ImageDataset.IndexProgress progress;
    private ListFile found = new ListFile(List.of(), 0);
    private Map<String, StoredFile> objects = Map.of();

    /**
     * @param file the list
     * @param field name of the class's column; empty: one of the usual names
     * @param store of the list and the objects
     * @param roots below which the objects must lie
     * @param progress told about the listing
     */
    public ListedObjects(
            String file, String field, ObjectStore store, Roots roots, ImageDataset.IndexProgress progress) {
        this.file = file;
        this.field = field;
        this.store = store;
        this.roots = roots;
        this.progress = progress;
    }

    @Override
    public String key() {
        return "list:" + file + (field.isEmpty() ? "" : " (" + field + ")");
    }

    /** The list, and one file that stands for all objects: a digest of their sizes and versions. */
    @Override
    public List<StoredFile> inputs() {
        StoredFile list = store.find(file).get(0);
        ListFile read = ListFile.of(file, field, () -> lines(list), progress);
        String own = file.substring(0, file.lastIndexOf('/') + 1);
        List<ListFile.Line> lines = new ArrayList<>();
        read.lines().forEach(line -> lines.add(new ListFile.Line(line.label(), place(own, line.path()))));
        found = new ListFile(lines, read.others());
        objects = objects(lines);
        Sha256 sha = new Sha256();
        List<String> absent = new ArrayList<>();
        for (ListFile.Line line : lines) {
            StoredFile object = objects.get(line.path());
            if (object == null) {
                absent.add(line.path());
            } else {
                sha.text(object.size() + " " + object.changed());
            }
        }
        if (!absent.isEmpty()) {
            String some = String.join(", ", absent.subList(0, Math.min(SHOWN, absent.size())));
            throw new UserError("The list %s names %d objects that aren't there (%s%s); mend it, or put them there"
                    .formatted(file, absent.size(), some, absent.size() > SHOWN ? ", .." : ""));
        }
        return List.of(
                list,
                new StoredFile(
                        own, lines.size(), Long.parseUnsignedLong(sha.hex().substring(0, 16), 16)));
    }

    private UserFile.Lines lines(StoredFile list) throws IOException {
        if (list.size() > LARGEST) {
            throw new UserError("The list %s has %d bytes, and at most %d are read; write several lists"
                    .formatted(file, list.size(), LARGEST));
        }
        ByteBuffer whole = ByteBuffer.allocate((int) list.size());
        try (FileStore.Reader reader = store.open(list)) {
            reader.read(0, whole);
        }
        return new UserFile.Lines(Path.of(file), Channels.newChannel(new ByteArrayInputStream(whole.array())));
    }

    private String place(String own, String path) {
        if (path.startsWith("/")) {
            throw new UserError("The list %s names %s; write paths from its own folder on, or %sBUCKET/KEY"
                    .formatted(file, path, DataSource.OBJECTS));
        }
        String whole = DataSource.isObjects(path) ? path : own + path;
        boolean odd = path.contains("//") || path.contains("./") || path.startsWith("..");
        if (!odd || whole.equals(path)) {
            return whole;
        }
        Path plain = Path.of(own.substring(DataSource.OBJECTS.length()))
                .resolve(path)
                .normalize();
        String bucket = own.substring(0, own.indexOf('/', DataSource.OBJECTS.length()) + 1);
        String place = DataSource.OBJECTS + plain;
        if (!place.startsWith(bucket)) {
            throw new UserError("The list %s names %s, which leads out of its bucket; mend it".formatted(file, path));
        }
        return place;
    }

    private Map<String, StoredFile> objects(List<ListFile.Line> lines) {
        Set<String> named = new LinkedHashSet<>();
        Set<String> folders = new LinkedHashSet<>();
        for (ListFile.Line line : lines) {
            named.add(line.path());
            String folder = line.path().substring(0, line.path().lastIndexOf('/') + 1);
            if (folders.add(folder) && !roots.hold(folder)) {
                throw new UserError("%s names %s, which is not below %s (--root)".formatted(file, line.path(), roots));
            }
        }
        Map<String, StoredFile> all = new HashMap<>();
        for (StoredFile object : store.in(List.copyOf(folders), count -> progress.listed(0, count))) {
            if (named.contains(object.path())) {
                all.put(object.path(), object);
            }
        }
        return all;
    }

    @Override
    public void list(List<StoredFile> inputs, SampleEntries into, ImageDataset.IndexProgress listed) {
        String own = inputs.get(1).path();
        boolean within = found.lines().stream().allMatch(line -> line.path().startsWith(own));
        String base = within ? own : ListFile.common(found.lines());
        StoredFile beginning = StoredFile.folder(base);
        for (ListFile.Line line : found.lines()) {
            StoredFile object = objects.get(line.path());
            into.add(new SampleEntries.Entry(
                    line.label(),
                    line.path().substring(base.length()),
                    beginning,
                    object.changed(),
                    ObjectLister.length(object)));
        }
        found.note(into);
        found = new ListFile(List.of(), 0);
        objects = Map.of();
    }
}
