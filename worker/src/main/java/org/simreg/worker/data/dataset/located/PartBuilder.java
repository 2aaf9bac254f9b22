package org.simreg.worker.data.dataset.located;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.simreg.worker.base.io.FileNames;
import org.simreg.worker.data.dataset.LocatedIndex;
import org.simreg.worker.data.dataset.SampleExtents;
import org.simreg.worker.data.dataset.SampleIndex;
import org.simreg.worker.data.store.StoredFile;

/** A builder of a part: its images in the byte order of class and name, whichever order they came in. */
final class PartBuilder {
    private final String folder;
    private final SampleRows rows = new SampleRows();
    private int[] order = {};

    /**
     * @param folder train, val or empty
     */
    PartBuilder(String folder) {
        this.folder = folder;
    }

    /**
     * Takes an image.
     *
     * @param label its class, empty for none
     * @param file that holds it, or the beginning of its path
     * @param offset as in {@link SampleExtents}
     */
    void add(String label, String name, StoredFile file, long offset, int length) {
        rows.add(label, name, file, offset, length);
    }

    int size() {
        return rows.size();
    }

    /** The rows in their order, which is found once all are there. */
    private int[] order() {
        if (order.length != rows.size()) {
            order = rows.order();
        }
        return order;
    }

    /** A name that several images of a class have, with their number; none if all differ. */
    Optional<String> twice() {
        int[] sorted = order();
        for (int i = 1; i < sorted.length; i++) {
            if (rows.isSame(sorted[i - 1], sorted[i])) {
                int count = 2;
                while (i + count - 1 < sorted.length && rows.isSame(sorted[i], sorted[i + count - 1])) {
                    count++;
                }
                String label = rows.label(sorted[i]);
                String path =
                        (label.isEmpty() ? "" : label + "/") + rows.names().get(sorted[i]);
                String first = rows.files().get(rows.file(sorted[i - 1])).path();
                String second = rows.files().get(rows.file(sorted[i])).path();
                String where = first.equals(second) ? first : first + " and " + second;
                return Optional.of(
                        "%d samples have the name %s (in %s)".formatted(count, FileNames.shown(path), where));
            }
        }
        return Optional.empty();
    }

    /** The part. */
    LocatedIndex.Part build() {
        int[] sorted = order();
        int size = sorted.length;
        List<String> classes = new ArrayList<>();
        List<Integer> ends = new ArrayList<>();
        int[] nameEnds = new int[size];
        int[] file = new int[size];
        long[] offset = new long[size];
        int[] length = new int[size];
        for (int i = 0; i < size; i++) {
            int row = sorted[i];
            if (classes.isEmpty() || !classes.get(classes.size() - 1).equals(rows.label(row))) {
                classes.add(rows.label(row));
                ends.add(i);
            }
            ends.set(ends.size() - 1, i + 1);
            nameEnds[i] = (i == 0 ? 0 : nameEnds[i - 1]) + rows.names().length(row);
            file[i] = rows.file(row);
            offset[i] = rows.offset(row);
            length[i] = rows.length(row);
        }
        byte[] names = new byte[size == 0 ? 0 : nameEnds[size - 1]];
        int at = 0;
        for (int row : sorted) {
            at = rows.names().copy(row, names, at);
        }
        boolean labelled = classes.stream().anyMatch(name -> !name.isEmpty());
        SampleIndex.FolderPart part = new SampleIndex.FolderPart(
                folder,
                labelled ? SampleIndex.Placement.CLASS_FOLDERS : SampleIndex.Placement.ONE_FOLDER,
                classes,
                ends.stream().mapToInt(Integer::intValue).toArray(),
                nameEnds,
                names);
        return new LocatedIndex.Part(part, new SampleExtents(List.copyOf(rows.files()), file, offset, length));
    }
}
