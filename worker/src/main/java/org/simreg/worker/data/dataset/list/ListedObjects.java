package org.simreg.worker.data.dataset.list;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.simreg.proto.DataSource;
import org.simreg.proto.Roots;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.Sha256;
import org.simreg.worker.base.io.UserFile;
import org.simreg.worker.data.dataset.ImageDataset;
import org.simreg.worker.data.dataset.located.IntColumn;
import org.simreg.worker.data.dataset.located.SampleEntries;
import org.simreg.worker.data.dataset.located.SampleLister;
import org.simreg.worker.data.dataset.located.TextNumbers;
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
    private static final int STEP = 1000;

    private final String file;
    private final String field;
    private final ObjectStore store;
    private final Roots roots;
    private final ImageDataset.IndexProgress progress;
    private Optional<Found> found = Optional.empty();

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

    /**
     * What a list names.
     *
     * @param lines with the places of objects as paths
     * @param object of each line, its place in the columns
     * @param size of each object; -1 where it isn't there
     * @param changed tells each from what it was before
     */
    private record Found(ListFile lines, IntColumn object, long[] size, long[] changed) {}

    /** The list, and one file that stands for all objects: a digest of their sizes and versions. */
    @Override
    public List<StoredFile> inputs() {
        StoredFile list = store.find(file).get(0);
        String own = file.substring(0, file.lastIndexOf('/') + 1);
        ListFile lines = ListFile.of(file, field, () -> lines(list), path -> place(own, path), progress);
        Found all = looked(lines);
        Sha256 sha = new Sha256();
        List<String> some = new ArrayList<>();
        int absent = 0;
        for (int line = 0; line < lines.size(); line++) {
            int object = all.object().get(line);
            if (all.size()[object] >= 0) {
                sha.text(all.size()[object] + " " + all.changed()[object]);
            } else {
                absent++;
                if (some.size() < SHOWN) {
                    some.add(lines.path(line));
                }
            }
        }
        if (absent > 0) {
            throw new UserError("The list %s names %d objects that aren't there (%s%s); mend it, or put them there"
                    .formatted(file, absent, String.join(", ", some), absent > SHOWN ? ", .." : ""));
        }
        found = Optional.of(all);
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

    private Found looked(ListFile lines) {
        TextNumbers named = new TextNumbers();
        IntColumn object = new IntColumn();
        Set<String> folders = new LinkedHashSet<>();
        for (int line = 0; line < lines.size(); line++) {
            String path = lines.path(line);
            object.add(named.of(path));
            String folder = path.substring(0, path.lastIndexOf('/') + 1);
            if (folders.add(folder) && !roots.hold(folder)) {
                throw new UserError("%s names %s, which is not below %s (--root)".formatted(file, path, roots));
            }
        }
        Found all = new Found(lines, object, new long[named.size()], new long[named.size()]);
        Arrays.fill(all.size(), -1);
        LongAdder listed = new LongAdder();
        store.in(List.copyOf(folders), one -> {
            int number = named.find(one.path());
            if (number >= 0) {
                all.size()[number] = one.size();
                all.changed()[number] = one.changed();
            }
            listed.increment();
            if (listed.sum() % STEP == 0) {
                progress.listed(0, listed.sum());
            }
        });
        return all;
    }

    @Override
    public void list(List<StoredFile> inputs, SampleEntries into, ImageDataset.IndexProgress listed) {
        Found all = found.orElseThrow();
        ListFile lines = all.lines();
        String own = inputs.get(1).path();
        boolean within = IntStream.range(0, lines.size())
                .allMatch(line -> lines.path(line).startsWith(own));
        String base = within ? own : lines.common(UnaryOperator.identity());
        StoredFile beginning = StoredFile.folder(base);
        for (int line = 0; line < lines.size(); line++) {
            int object = all.object().get(line);
            String path = lines.path(line);
            into.add(new SampleEntries.Entry(
                    lines.label(line),
                    path.substring(base.length()),
                    beginning,
                    all.changed()[object],
                    ObjectLister.length(new StoredFile(path, all.size()[object], 0))));
        }
        lines.note(into);
        found = Optional.empty();
    }
}
