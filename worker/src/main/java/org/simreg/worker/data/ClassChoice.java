package org.simreg.worker.data;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;

/** The images of the chosen classes of a part, laid end to end: ids from 0 without gaps. */
final class ClassChoice {
    private final List<String> names;
    private final int[] labels;
    private final int[] ends;
    private final int[] shifts;

    /**
     * @param part where the images are
     * @param names the chosen classes in byte order; labels are indexes in it. Those that the part
     *     lacks have no images
     */
    ClassChoice(FolderPart part, List<String> names) {
        this.names = names;
        List<String> folders = part.classes();
        int[] places =
                IntStream.range(0, folders.size()).filter(i -> find(folders.get(i)) >= 0).toArray();
        labels = Arrays.stream(places).map(i -> find(folders.get(i))).toArray();
        ends = new int[places.length];
        shifts = new int[places.length];
        int end = 0;
        for (int i = 0; i < places.length; i++) {
            int first = part.classEnd(places[i] - 1);
            shifts[i] = first - end;
            end += part.classEnd(places[i]) - first;
            ends[i] = end;
        }
    }

    private int find(String name) {
        int place = Collections.binarySearch(names, name, ClassNames.ORDER);
        return place < 0 ? -1 : place;
    }

    List<String> names() {
        return names;
    }

    int size() {
        return ends.length == 0 ? 0 : ends[ends.length - 1];
    }

    int label(int id) {
        return labels[place(id)];
    }

    /** The index of an id's image in the part. */
    int image(int id) {
        return id + shifts[place(id)];
    }

    private int place(int id) {
        if (id < 0 || id >= size()) {
            throw new IndexOutOfBoundsException("sample " + id + " of " + size());
        }
        return FolderPart.place(ends, id);
    }
}
