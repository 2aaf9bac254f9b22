package org.simreg.worker.weights.format.pickle;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.simreg.worker.weights.tensor.CorruptFile;

/** The values that a pickle's reader holds: its stack, the marks in it, and the memo. */
final class PickleStack {
    private static final int MAX_DEPTH = 1 << 20;

    private final List<Object> stack = new ArrayList<>();
    private final Deque<Integer> marks = new ArrayDeque<>();
    private final Map<Long, Object> memo = new HashMap<>();

    void push(Object value) throws CorruptFile {
        if (stack.size() == MAX_DEPTH) {
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

    void mark() throws CorruptFile {
        if (marks.size() == MAX_DEPTH) {
            throw new CorruptFile("its values are nested more than " + MAX_DEPTH + " deep");
        }
        marks.push(stack.size());
    }

    /** Takes all values since the last mark, and the mark. */
    List<Object> popToMark() throws CorruptFile {
        if (marks.isEmpty()) {
            throw new CorruptFile("a mark is missing in its pickle");
        }
        List<Object> values = stack.subList(marks.pop(), stack.size());
        List<Object> taken = new ArrayList<>(values);
        values.clear();
        return taken;
    }

    List<Object> pop(int count) throws CorruptFile {
        List<Object> values = new ArrayList<>(count);
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

    int memoSize() {
        return memo.size();
    }

    void put(long place) throws CorruptFile {
        memo.put(place, top());
    }

    void get(long place) throws CorruptFile {
        Object value = memo.get(place);
        if (value == null) {
            throw new CorruptFile("its pickle asks for value " + place + ", which it never kept");
        }
        push(value);
    }
}
