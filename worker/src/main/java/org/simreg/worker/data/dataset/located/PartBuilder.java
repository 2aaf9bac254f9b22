package org.simreg.worker.data.dataset.located;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.simreg.worker.base.io.FileNames;
import org.simreg.worker.data.dataset.LocatedIndex;
import org.simreg.worker.data.dataset.SampleExtents;
import org.simreg.worker.data.dataset.SampleIndex;
import org.simreg.worker.data.store.StoredFile;

/** A builder of a part: its images in the byte order of class and name, whichever order they came in. */
final class PartBuilder {
    private final String folder;
    private final List<StoredFile> files = new ArrayList<>();
    private final Map<StoredFile, Integer> places = new HashMap<>();
    private final Map<String, byte[]> labels = new HashMap<>();
    private final List<Row> rows = new ArrayList<>();

    /**
     * @param folder train, val or empty
     */
    PartBuilder(String folder) {
        this.folder = folder;
    }

    private record Row(String label, byte[] labelBytes, byte[] name, int file, long offset, int length) {
        boolean isSame(Row other) {
            return other != null && label.equals(other.label) && Arrays.equals(name, other.name);
        }
    }

    private static final Comparator<Row> ORDER = Comparator.comparing(Row::labelBytes, Arrays::compareUnsigned)
            .thenComparing(Row::name, Arrays::compareUnsigned);

    /**
     * Takes an image.
     *
     * @param label its class, empty for none
     * @param file that holds it, or the beginning of its path
     * @param offset as in {@link SampleExtents}
     */
    void add(String label, String name, StoredFile file, long offset, int length) {
        Integer place = places.get(file);
        if (place == null) {
            place = files.size();
            files.add(file);
            places.put(file, place);
        }
        byte[] labelBytes = labels.computeIfAbsent(label, FileNames::bytes);
        rows.add(new Row(label, labelBytes, FileNames.bytes(name), place, offset, length));
    }

    int size() {
        return rows.size();
    }

    /** A name that several images of a class have, with their number; none if all differ. Sorts. */
    Optional<String> twice() {
        rows.sort(ORDER);
        Row before = null;
        for (int i = 0; i < rows.size(); i++) {
            Row row = rows.get(i);
            if (row.isSame(before)) {
                int count = 2;
                while (i + count - 1 < rows.size() && row.isSame(rows.get(i + count - 1))) {
                    count++;
                }
                String path = (row.label.isEmpty() ? "" : row.label + "/") + FileNames.text(row.name);
                String first = files.get(before.file).path();
                String second = files.get(row.file).path();
                String where = first.equals(second) ? first : first + " and " + second;
                return Optional.of(
                        "%d samples have the name %s (in %s)".formatted(count, FileNames.shown(path), where));
            }
            before = row;
        }
        return Optional.empty();
    }

    /** The part; after {@link #twice}, which puts it in order. */
    LocatedIndex.Part build() {
        List<String> classes = new ArrayList<>();
        List<Integer> ends = new ArrayList<>();
        int size = rows.size();
        int[] nameEnds = new int[size];
        int[] file = new int[size];
        long[] offset = new long[size];
        int[] length = new int[size];
        ByteArrayOutputStream names = new ByteArrayOutputStream(32 * size);
        for (int i = 0; i < size; i++) {
            Row row = rows.get(i);
            if (classes.isEmpty() || !classes.get(classes.size() - 1).equals(row.label)) {
                classes.add(row.label);
                ends.add(i);
            }
            ends.set(ends.size() - 1, i + 1);
            names.writeBytes(row.name);
            nameEnds[i] = names.size();
            file[i] = row.file;
            offset[i] = row.offset;
            length[i] = row.length;
        }
        boolean labelled = classes.stream().anyMatch(name -> !name.isEmpty());
        SampleIndex.FolderPart part = new SampleIndex.FolderPart(
                folder,
                labelled ? SampleIndex.Placement.CLASS_FOLDERS : SampleIndex.Placement.ONE_FOLDER,
                classes,
                ends.stream().mapToInt(Integer::intValue).toArray(),
                nameEnds,
                names.toByteArray());
        return new LocatedIndex.Part(part, new SampleExtents(List.copyOf(files), file, offset, length));
    }
}
