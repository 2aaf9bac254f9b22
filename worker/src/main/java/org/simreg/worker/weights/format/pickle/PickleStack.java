package org.simreg.worker.weights.format.pickle;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.simreg.worker.weights.tensor.CorruptFile;

/** The values that a pickle's reader holds: its stack and the marks in it. */
final class PickleStack {
    private static final int MAX_DEPTH = 1 << 20;

    /** References to values that share one object. */
    private static final int MAX_SHARED = 1 << 22;

    /** Texts since a mark that are read. */
    private static final int LONG = 1 << 16;

    private final List<Object> stack = new ArrayList<>();
    private final Deque<Integer> marks = new ArrayDeque<>();

    void push(Object value) throws CorruptFile {
        if (stack.size() >= MAX_DEPTH && (value != Pickled.SKIPPED || stack.size() == MAX_SHARED)) {
            throw new CorruptFile("its values are stacked more than " + MAX_DEPTH + " deep");
        }
        stack.add(value);
    }

    Object pop() throws CorruptFile {
        top();
        return stack.remove(stack.size() - 1);
    }

    Object top() throws CorruptFile {
        int bottom = marks.isEmpty() ? 0 : marks.peek();
        if (stack.size() <= bottom) {
            throw new CorruptFile("a value is missing in its pickle");
        }
        return stack.get(stack.size() - 1);
    }

    /** Whether this value was pushed last. */
    boolean endsWith(Object value) {
        return !stack.isEmpty() && value.equals(stack.get(stack.size() - 1));
    }

    /** Whether so many values stand above the last mark that what follows is of a very long tuple. */
    boolean isLong() {
        return stack.size() - (marks.isEmpty() ? 0 : marks.peek()) > LONG;
    }

    void mark() throws CorruptFile {
        if (marks.size() == MAX_DEPTH) {
            throw new CorruptFile("its values are nested more than " + MAX_DEPTH + " deep");
        }
        marks.push(stack.size());
    }

    /** Takes all values since the last mark, and the mark. */
    PickledList popToMark() throws CorruptFile {
        if (marks.isEmpty()) {
            throw new CorruptFile("a mark is missing in its pickle");
        }
        List<Object> values = stack.subList(marks.pop(), stack.size());
        PickledList taken = new PickledList(values);
        values.clear();
        return taken;
    }

    PickledList pop(int count) throws CorruptFile {
        PickledList values = new PickledList();
        for (int i = 0; i < count; i++) {
            values.add(0, pop());
        }
        return values;
    }

    /** Takes the mark if nothing was pushed since, as Python's POP does. */
    void discard() throws CorruptFile {
        if (!marks.isEmpty() && marks.peek() == stack.size()) {
            marks.pop();
        } else {
            pop();
        }
    }
}
