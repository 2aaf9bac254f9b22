package org.simreg.worker.weights.format.pickle;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The values that a pickle keeps to refer to them again. A text is kept as the place in the pickle where it stands, so
 * that millions of them take four bytes each.
 */
final class PickleMemo {
    private static final int PAGE = 1 << 12;

    /** Writers number what they keep one by one; other numbers are legal but take more memory. */
    private static final int SLACK = 1 << 16;

    /** Codes by number: 0 for nothing, a text's place + 1, or -1 - the number among the values. */
    private final List<int[]> pages = new ArrayList<>();

    private final List<Object> values = new ArrayList<>();
    private final Map<Long, Object> others = new HashMap<>();
    private int size;

    /** Number of values that were kept. */
    int size() {
        return size;
    }

    void put(long number, Object value) {
        size++;
        if (number < 0 || number > (long) size + SLACK) {
            others.put(number, value);
            return;
        }
        set((int) number, -1 - values.size());
        if (value instanceof PickledList list) {
            list.number = values.size();
        } else if (value instanceof PickledMap map) {
            map.number = values.size();
        } else if (value instanceof Pickled.Thing thing) {
            thing.number = values.size();
        }
        values.add(value);
    }

    /** Keeps the text whose opcode stands there. */
    void putText(long number, int place, Object text) {
        if (number < 0 || number > (long) size + SLACK) {
            put(number, text);
            return;
        }
        size++;
        set((int) number, place + 1);
    }

    private void set(int number, int code) {
        while (pages.size() <= number / PAGE) {
            pages.add(null);
        }
        if (pages.get(number / PAGE) == null) {
            pages.set(number / PAGE, new int[PAGE]);
        }
        pages.get(number / PAGE)[number % PAGE] = code;
    }

    /** The place of the text with that number; -1 if it is none. */
    int text(long number) {
        int code = code(number);
        return code > 0 ? code - 1 : -1;
    }

    /** The value with that number; null if there is none. */
    Object get(long number) {
        int code = code(number);
        return code < 0 ? values.get(-1 - code) : others.get(number);
    }

    private int code(long number) {
        int[] page = number < 0 || number / PAGE >= pages.size() ? null : pages.get((int) (number / PAGE));
        return page == null ? 0 : page[(int) (number % PAGE)];
    }

    /** Lets go of a list or dict that is no longer wanted, and of all in it; gives how many these are. */
    int forget(Object value) {
        int forgotten = 0;
        if (value instanceof PickledList list) {
            forgotten++;
            replace(list.number);
            for (Object element : list) {
                forgotten += forget(element);
            }
        } else if (value instanceof PickledMap map) {
            forgotten++;
            replace(map.number);
            for (Object element : map.values()) {
                forgotten += forget(element);
            }
        } else if (value instanceof Pickled.Thing thing) {
            forgotten++;
            replace(thing.number);
            for (Object attribute : thing.attributes.values()) {
                forgotten += forget(attribute);
            }
        }
        return forgotten;
    }

    private void replace(int number) {
        if (number >= 0) {
            values.set(number, Pickled.SKIPPED);
        }
    }
}
