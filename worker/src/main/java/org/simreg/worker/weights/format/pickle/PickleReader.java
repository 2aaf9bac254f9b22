package org.simreg.worker.weights.format.pickle;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
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
    /** Opcodes, and values that calls copy: each takes bounded memory, so this bounds the whole. */
    private static final long MAX_WORK = 4_000_000;

    private final Input in;
    private final PickleStack stack = new PickleStack();
    private final Map<String, Storage> storages = new LinkedHashMap<>();
    private final List<Integer> modes = new ArrayList<>();
    private long work;

    public PickleReader(ByteBuffer bytes) {
        in = new Input(bytes);
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
        while (work++ < MAX_WORK) {
            int op = in.unsigned1();
            if (op == '.') {
                return stack.pop();
            }
            if (!number(op) && !text(op) && !collection(op) && !object(op) && !memo(op)) {
                throw new CorruptFile(
                        "byte %d of its pickle, 0x%02x, is no known opcode".formatted(in.position() - 1, op));
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
            case 'I', 'L' -> stack.push(decimal(in.line()));
            case 'G' -> stack.push(in.bigEndianDouble());
            case 'F' -> stack.push(real(in.line()));
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

    private static Object decimal(String line) throws CorruptFile {
        if (line.equals("00") || line.equals("01")) {
            return line.equals("01");
        }
        try {
            return Input.narrow(new BigInteger(line.replace("L", "")));
        } catch (NumberFormatException e) {
            throw new CorruptFile("'" + line + "' stands where its pickle needs a whole number");
        }
    }

    private static Double real(String line) throws CorruptFile {
        try {
            return Double.valueOf(line);
        } catch (NumberFormatException e) {
            throw new CorruptFile("'" + line + "' stands where its pickle needs a number");
        }
    }

    private boolean text(int op) throws CorruptFile {
        switch (op) {
            case 'X' -> stack.push(in.utf8(in.unsigned4()));
            case 0x8C -> stack.push(in.utf8(in.unsigned1()));
            case 0x8D -> stack.push(in.utf8(in.signed8()));
            case 'V' -> stack.push(in.line());
            case 'T' -> stack.push(in.latin1(in.unsigned4()));
            case 'U' -> stack.push(in.latin1(in.unsigned1()));
            case 'S' -> stack.push(unquoted(in.line()));
            case 'C' -> stack.push(in.bytes(in.unsigned1()));
            case 'B' -> stack.push(in.bytes(in.unsigned4()));
            case 0x8E, 0x96 -> stack.push(in.bytes(in.signed8()));
            default -> {
                return false;
            }
        }
        return true;
    }

    private static String unquoted(String line) {
        return line.length() < 2 ? line : line.substring(1, line.length() - 1);
    }

    private boolean collection(int op) throws CorruptFile {
        switch (op) {
            case '(' -> stack.mark();
            case ')' -> stack.push(List.of());
            case 't' -> stack.push(stack.popToMark());
            case 0x85, 0x86, 0x87 -> stack.push(stack.pop(op - 0x84));
            case ']' -> stack.push(new ArrayList<>());
            case 'l', 0x91 -> stack.push(stack.popToMark());
            case 'a' -> append(List.of(stack.pop()));
            case 'e', 0x90 -> append(stack.popToMark());
            case '}' -> stack.push(new LinkedHashMap<>());
            case 0x8F -> stack.push(new Thing());
            case 'd' -> {
                List<Object> items = stack.popToMark();
                stack.push(new LinkedHashMap<>());
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

    @SuppressWarnings("unchecked")
    private void append(List<Object> values) throws CorruptFile {
        if (stack.top() instanceof ArrayList<?> list) {
            ((ArrayList<Object>) list).addAll(values);
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
            TorchCalls.putItem(target, items.get(i), items.get(i + 1));
        }
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
                stack.push(!parts.isEmpty() && parts.get(0) instanceof Global type ? new Thing(type) : new Thing());
            }
            case 'i' -> {
                Global type = new Global(in.line(), in.line());
                stack.popToMark();
                stack.push(new Thing(type));
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
            stack.push(TorchCalls.call(name, list));
        } else {
            stack.push(new Thing());
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
            case 'q' -> stack.put(in.unsigned1());
            case 'r' -> stack.put(in.unsigned4());
            case 'p' -> stack.put(place(in.line()));
            case 0x94 -> stack.put(stack.memoSize());
            case 'h' -> stack.get(in.unsigned1());
            case 'j' -> stack.get(in.unsigned4());
            case 'g' -> stack.get(place(in.line()));
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

    private static long place(String line) throws CorruptFile {
        return decimal(line) instanceof Long place ? place : -1;
    }

    private static void version(int protocol) throws CorruptFile {
        if (protocol > 5) {
            throw new CorruptFile("its pickle protocol " + protocol + " is newer than 5");
        }
    }

    /** The bytes of a pickle, read in order, never past the end. */
    private static final class Input {
        private static final int MAX_LINE = 4096;

        private final ByteBuffer bytes;

        Input(ByteBuffer bytes) {
            this.bytes = bytes.slice().order(ByteOrder.LITTLE_ENDIAN);
        }

        int position() {
            return bytes.position();
        }

        int unsigned1() throws CorruptFile {
            return need(1).get() & 0xFF;
        }

        int unsigned2() throws CorruptFile {
            return need(2).getShort() & 0xFFFF;
        }

        int signed4() throws CorruptFile {
            return need(4).getInt();
        }

        long unsigned4() throws CorruptFile {
            return need(4).getInt() & 0xFFFFFFFFL;
        }

        long signed8() throws CorruptFile {
            return need(8).getLong();
        }

        double bigEndianDouble() throws CorruptFile {
            return Double.longBitsToDouble(Long.reverseBytes(need(8).getLong()));
        }

        byte[] bytes(long length) throws CorruptFile {
            need(length);
            byte[] value = new byte[(int) length];
            bytes.get(value);
            return value;
        }

        String utf8(long length) throws CorruptFile {
            return new String(bytes(length), StandardCharsets.UTF_8);
        }

        String latin1(long length) throws CorruptFile {
            return new String(bytes(length), StandardCharsets.ISO_8859_1);
        }

        /** A whole number of any length in little-endian two's complement, as a Long if it fits. */
        Number number(long length) throws CorruptFile {
            if (length > MAX_LINE) {
                throw new CorruptFile("a number of " + length + " bytes stands in it");
            }
            byte[] value = bytes(length);
            for (int i = 0; i < value.length / 2; i++) {
                byte swapped = value[i];
                value[i] = value[value.length - 1 - i];
                value[value.length - 1 - i] = swapped;
            }
            return narrow(value.length == 0 ? BigInteger.ZERO : new BigInteger(value));
        }

        static Number narrow(BigInteger value) {
            return value.bitLength() < Long.SIZE ? (Number) value.longValue() : value;
        }

        /** The text up to the next line feed. */
        String line() throws CorruptFile {
            StringBuilder line = new StringBuilder();
            for (int c = unsigned1(); c != '\n'; c = unsigned1()) {
                if (line.length() == MAX_LINE) {
                    throw new CorruptFile("a line in it is longer than " + MAX_LINE + " characters");
                }
                line.append((char) c);
            }
            return line.toString();
        }

        private ByteBuffer need(long length) throws CorruptFile {
            if (length < 0 || length > bytes.remaining()) {
                throw new CorruptFile("it ends in the middle of a value; copy it again");
            }
            return bytes;
        }
    }
}
