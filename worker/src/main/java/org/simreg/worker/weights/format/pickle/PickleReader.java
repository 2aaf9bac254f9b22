package org.simreg.worker.weights.format.pickle;

import java.nio.ByteBuffer;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.simreg.worker.weights.format.pickle.Pickled.Global;
import org.simreg.worker.weights.format.pickle.Pickled.Storage;
import org.simreg.worker.weights.format.pickle.Pickled.Thing;
import org.simreg.worker.weights.tensor.CorruptFile;

/**
 * A reader of one pickle, protocols 0 to 5, as data. A class is a name, a call is a value that is
 * built here ({@link TorchCalls}) or an empty {@link Thing}: nothing that a file asks for is
 * executed.
 *
 * @see <a href="https://github.com/python/cpython/blob/main/Lib/pickletools.py">the opcodes</a>
 */
public final class PickleReader {
    /** Values that calls copy. */
    private static final long MAX_WORK = 4_000_000;

    /** Lists, dicts and objects that are kept: each takes bounded memory, so this bounds the whole. */
    private static final int MAX_KEPT = 1 << 21;

    /** Plain values in lists and dicts; of those that come after so many only short lists and dicts keep theirs. */
    private static final int MAX_PLAIN = 200_000;

    private static final int SHORT = 64;
    private static final int MAX_LOOKED = 1000;

    /** Longer texts and bytes are no names. */
    private static final int MAX_TEXT = 1 << 16;

    /** Bytes of texts that are read again because the pickle refers to them. */
    private static final long MAX_AGAIN = 1L << 31;

    private final PickleInput in;
    private final PickleStack stack = new PickleStack();
    private final PickleMemo memo = new PickleMemo();
    private final Map<String, Storage> storages = new LinkedHashMap<>();
    private final List<Integer> modes = new ArrayList<>();
    private long work;
    private long again;
    private int kept;
    private int plain;
    private int looked;

    /** Place of the text that the last opcode pushed; -1 if it pushed something else. */
    private int text = -1;

    public PickleReader(ByteBuffer bytes) {
        in = new PickleInput(bytes);
    }

    /** Bytes read so far. */
    public int position() {
        return in.position();
    }

    /** All storages that were referred to so far, by key. */
    public Map<String, Storage> storages() {
        return storages;
    }

    /** Places of the opcodes that say of a module so far that it trains. */
    public List<Integer> modes() {
        return modes;
    }

    /** The pickle's value. */
    public Object read() throws CorruptFile {
        while (work < MAX_WORK) {
            int place = in.position();
            int op = in.unsigned1();
            if (op == '.') {
                return stack.pop();
            }
            if (text(op)) {
                text = place;
            } else if (memo(op) || number(op) || collection(op) || object(op)) {
                text = -1;
            } else {
                throw new CorruptFile("byte %d of its pickle, 0x%02x, is no known opcode".formatted(place, op));
            }
        }
        throw new CorruptFile("its pickle takes more than " + MAX_WORK + " steps");
    }

    private boolean number(int op) throws CorruptFile {
        switch (op) {
            case 'N' -> stack.push(Pickled.NONE);
            case 0x88 -> pushTrue();
            case 0x89 -> stack.push(false);
            case 'K' -> stack.push((long) in.unsigned1());
            case 'M' -> stack.push((long) in.unsigned2());
            case 'J' -> stack.push((long) in.signed4());
            case 0x8A -> stack.push(in.number(in.unsigned1()));
            case 0x8B -> stack.push(in.number(in.unsigned4()));
            case 'I', 'L' -> stack.push(PickleInput.decimal(in.line()));
            case 'G' -> stack.push(in.bigEndianDouble());
            case 'F' -> stack.push(PickleInput.real(in.line()));
            default -> {
                return false;
            }
        }
        return true;
    }

    private void pushTrue() throws CorruptFile {
        if (stack.endsWith("training")) {
            modes.add(in.position() - 1);
        }
        stack.push(true);
    }

    private boolean text(int op) throws CorruptFile {
        switch (op) {
            case 'X' -> text(in.unsigned4(), StandardCharsets.UTF_8);
            case 0x8C -> text(in.unsigned1(), StandardCharsets.UTF_8);
            case 0x8D -> text(in.signed8(), StandardCharsets.UTF_8);
            case 'T' -> text(in.unsigned4(), StandardCharsets.ISO_8859_1);
            case 'U' -> text(in.unsigned1(), StandardCharsets.ISO_8859_1);
            case 'V' -> stack.push(in.line());
            case 'S' -> stack.push(unquoted(in.line()));
            case 'C' -> bytes(in.unsigned1());
            case 'B' -> bytes(in.unsigned4());
            case 0x8E, 0x96 -> bytes(in.signed8());
            default -> {
                return false;
            }
        }
        return true;
    }

    private void text(long length, Charset charset) throws CorruptFile {
        if (length > MAX_TEXT || stack.isLong()) {
            in.skip(length);
            stack.push(Pickled.SKIPPED);
        } else {
            stack.push(new String(in.bytes(length), charset));
        }
    }

    private void bytes(long length) throws CorruptFile {
        if (length > MAX_TEXT || stack.isLong()) {
            in.skip(length);
            stack.push(Pickled.SKIPPED);
        } else {
            stack.push(in.bytes(length));
        }
    }

    private static String unquoted(String line) {
        return line.length() < 2 ? line : line.substring(1, line.length() - 1);
    }

    private boolean collection(int op) throws CorruptFile {
        switch (op) {
            case '(' -> stack.mark();
            case ')' -> stack.push(List.of());
            case 't', 'l', 0x91 -> push(stack.popToMark());
            case 0x85, 0x86, 0x87 -> push(stack.pop(op - 0x84));
            case ']' -> push(new PickledList());
            case 'a' -> append(List.of(stack.pop()));
            case 'e', 0x90 -> append(stack.popToMark());
            case '}' -> push(new PickledMap());
            case 0x8F -> push(new Thing());
            case 'd' -> {
                List<Object> items = stack.popToMark();
                push(new PickledMap());
                setItems(items);
            }
            case 's' -> setItems(stack.pop(2));
            case 'u' -> setItems(stack.popToMark());
            default -> {
                return false;
            }
        }
        return true;
    }

    private void push(Object made) throws CorruptFile {
        if (++kept > MAX_KEPT) {
            throw new CorruptFile("its values are more than " + MAX_KEPT + " lists, dicts and objects");
        }
        stack.push(made);
    }

    private void append(List<Object> values) throws CorruptFile {
        if (stack.top() instanceof PickledList list) {
            for (Object value : values) {
                if (passes(value, list.size())) {
                    list.skipped++;
                } else {
                    list.add(value);
                }
            }
        } else if (!(stack.top() instanceof Thing)) {
            throw new CorruptFile("its pickle appends to something that is no list");
        }
    }

    private void setItems(List<Object> items) throws CorruptFile {
        Map<Object, Object> target = itemsOf(stack.top());
        if (items.size() % 2 != 0) {
            throw new CorruptFile("a value is missing in a dict of its pickle");
        }
        for (int i = 0; i < items.size(); i += 2) {
            if (!passes(items.get(i + 1), target.size())) {
                TorchCalls.putItem(target, items.get(i), items.get(i + 1));
            } else if (target instanceof PickledMap map) {
                map.skipped++;
            }
        }
    }

    /** Whether a value isn't kept, because it and very many others hold no tensor. */
    private boolean passes(Object value, int size) {
        looked = 0;
        if (!isPlain(value, 4) || ++plain <= MAX_PLAIN || size < SHORT) {
            return false;
        }
        kept -= memo.forget(value);
        return true;
    }

    /** Very many values in it, or one inside another too deep, are as good as a tensor. */
    private boolean isPlain(Object value, int depth) {
        if (++looked > MAX_LOOKED) {
            return false;
        } else if (value instanceof Thing thing) {
            return depth > 0 && isPlain(thing.items, depth - 1) && isPlain(thing.attributes, depth - 1);
        } else if (value instanceof PickledList list) {
            return depth > 0 && list.stream().allMatch(element -> isPlain(element, depth - 1));
        } else if (value instanceof Map<?, ?> map) {
            return depth > 0 && map.values().stream().allMatch(element -> isPlain(element, depth - 1));
        }
        return value instanceof String
                || value instanceof Number
                || value instanceof Boolean
                || value instanceof byte[]
                || value == Pickled.NONE
                || value == Pickled.SKIPPED;
    }

    @SuppressWarnings("unchecked")
    private static Map<Object, Object> itemsOf(Object value) throws CorruptFile {
        if (value instanceof Map<?, ?> map) {
            return (Map<Object, Object>) map;
        }
        if (value instanceof Thing thing) {
            return thing.items;
        }
        throw new CorruptFile("its pickle sets items of something that is no dict");
    }

    private boolean object(int op) throws CorruptFile {
        switch (op) {
            case 'c' -> stack.push(new Global(in.line(), in.line()));
            case 0x93 -> global();
            case 'R', 0x81 -> call();
            case 0x92 -> {
                stack.pop();
                call();
            }
            case 'b' -> build(stack.pop());
            case 'o' -> {
                List<Object> parts = stack.popToMark();
                push(!parts.isEmpty() && parts.get(0) instanceof Global type ? new Thing(type) : new Thing());
            }
            case 'i' -> {
                Global type = new Global(in.line(), in.line());
                stack.popToMark();
                push(new Thing(type));
            }
            case 'Q' -> pushPersistent(TorchCalls.persistent(stack.pop()));
            default -> {
                return false;
            }
        }
        return true;
    }

    private void pushPersistent(Object value) throws CorruptFile {
        if (value instanceof Storage storage) {
            storages.putIfAbsent(storage.key(), storage);
        }
        stack.push(value);
    }

    private void global() throws CorruptFile {
        Object name = stack.pop();
        Object module = stack.pop();
        if (!(module instanceof String m && name instanceof String n)) {
            throw new CorruptFile("a class in its pickle has no name");
        }
        stack.push(new Global(m, n));
    }

    private void call() throws CorruptFile {
        Object arguments = stack.pop();
        Object function = stack.pop();
        if (function instanceof Global name && arguments instanceof List<?> list) {
            work += !list.isEmpty() && list.get(0) instanceof List<?> copied ? copied.size() : 0;
            Object result = TorchCalls.call(name, list);
            push(result);
            looked = 0;
            if (result instanceof Thing && kept > MAX_KEPT / 2 && isPlain(list, 4)) {
                kept -= memo.forget(list);
            }
        } else {
            push(new Thing());
        }
    }

    /** Attributes: of a dict they are beside its items and not needed, of an object its content. */
    private void build(Object state) throws CorruptFile {
        if (stack.top() instanceof Thing thing) {
            Object attributes = state;
            if (state instanceof List<?> pair && pair.size() == 2) {
                attributes = pair.get(0);
            }
            if (attributes instanceof Map<?, ?> map) {
                thing.attributes = map;
            }
        }
    }

    private boolean memo(int op) throws CorruptFile {
        switch (op) {
            case 'q' -> put(in.unsigned1());
            case 'r' -> put(in.unsigned4());
            case 'p' -> put(place(in.line()));
            case 0x94 -> put(memo.size());
            case 'h' -> get(in.unsigned1());
            case 'j' -> get(in.unsigned4());
            case 'g' -> get(place(in.line()));
            case '0' -> stack.discard();
            case '1' -> stack.popToMark();
            case '2' -> stack.push(stack.top());
            case 0x80 -> version(in.unsigned1());
            case 0x95 -> in.signed8();
            default -> {
                return false;
            }
        }
        return true;
    }

    private void put(long number) throws CorruptFile {
        if (text >= 0) {
            memo.putText(number, text, stack.top());
        } else {
            memo.put(number, stack.top());
        }
    }

    private void get(long number) throws CorruptFile {
        int place = memo.text(number);
        if (place < 0) {
            Object value = memo.get(number);
            if (value == null) {
                throw new CorruptFile("its pickle asks for value " + number + ", which it never kept");
            }
            stack.push(value);
            return;
        }
        int here = in.position();
        in.go(place);
        text(in.unsigned1());
        again += in.position() - place;
        in.go(here);
        if (again > MAX_AGAIN) {
            throw new CorruptFile("its pickle refers to the same long texts again and again");
        }
    }

    private static long place(String line) throws CorruptFile {
        return PickleInput.decimal(line) instanceof Long place ? place : -1;
    }

    private static void version(int protocol) throws CorruptFile {
        if (protocol > 5) {
            throw new CorruptFile("its pickle protocol " + protocol + " is newer than 5");
        }
    }
}
