package org.simreg.worker.data.dataset.located;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.simreg.worker.base.io.FileNames;
import org.simreg.worker.data.dataset.SampleExtents;
import org.simreg.worker.data.store.StoredFile;

/** Images in columns: class, name, place of the bytes. A row takes 24 bytes and its name, where an object takes 150. */
final class SampleRows {
    private final TextColumn names = new TextColumn();
    private final IntColumn label = new IntColumn();
    private final IntColumn file = new IntColumn();
    private final LongColumn offset = new LongColumn();
    private final IntColumn length = new IntColumn();

    private final List<String> labels = new ArrayList<>();
    private final Map<String, Integer> labelNumbers = new HashMap<>();
    private final List<StoredFile> files = new ArrayList<>();
    private final Map<StoredFile, Integer> fileNumbers = new HashMap<>();

    /**
     * Adds an image.
     *
     * @param label its class; null if it isn't known
     * @param offset as in {@link SampleExtents}
     */
    void add(String label, String name, StoredFile file, long offset, int length) {
        names.add(name);
        this.label.add(label == null ? -1 : number(label, labels, labelNumbers));
        this.file.add(number(file, files, fileNumbers));
        this.offset.add(offset);
        this.length.add(length);
    }

    private static <T> int number(T value, List<T> all, Map<T, Integer> numbers) {
        Integer known = numbers.get(value);
        if (known != null) {
            return known;
        }
        all.add(value);
        numbers.put(value, all.size() - 1);
        return all.size() - 1;
    }

    int size() {
        return names.size();
    }

    /** The class of a row; null if it isn't known. */
    String label(int row) {
        return label.get(row) < 0 ? null : labels.get(label.get(row));
    }

    TextColumn names() {
        return names;
    }

    List<StoredFile> files() {
        return files;
    }

    /** The place of a row's file in {@link #files}. */
    int file(int row) {
        return file.get(row);
    }

    long offset(int row) {
        return offset.get(row);
    }

    int length(int row) {
        return length.get(row);
    }

    boolean isSame(int row, int other) {
        return label.get(row) == label.get(other) && names.compare(row, other) == 0;
    }

    /** The rows in the byte order of class and name; equal ones in the order in which they came. */
    int[] order() {
        int[] ranks = ranks();
        return RowOrder.of(size(), (one, other) -> compare(one, other, ranks));
    }

    /** The place of each class in the order of their bytes. */
    private int[] ranks() {
        Integer[] sorted = new Integer[labels.size()];
        Arrays.setAll(sorted, i -> i);
        byte[][] bytes = labels.stream().map(FileNames::bytes).toArray(byte[][]::new);
        Arrays.sort(sorted, (one, other) -> Arrays.compareUnsigned(bytes[one], bytes[other]));
        int[] ranks = new int[sorted.length];
        for (int i = 0; i < sorted.length; i++) {
            ranks[sorted[i]] = i;
        }
        return ranks;
    }

    private int compare(int one, int other, int[] ranks) {
        int byClass = Integer.compare(ranks[label.get(one)], ranks[label.get(other)]);
        return byClass != 0 ? byClass : names.compare(one, other);
    }
}
