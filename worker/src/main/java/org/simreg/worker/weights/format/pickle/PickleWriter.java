package org.simreg.worker.weights.format.pickle;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.simreg.worker.weights.tensor.DType;

/**
 * A writer of one pickle of protocol 2, opcode by opcode, as PyTorch's loaders expect it. Values
 * are pushed on the reader's stack; {@link #tuple}, {@link #setItems}, {@link #appends} take what
 * was pushed since the last {@link #mark}. Repeated strings and classes are written once.
 *
 * <p>A dict: {@code emptyDict().mark().string("a").integer(1).setItems()}. An object: {@code
 * global(module, name).emptyTuple().newObject().emptyDict().mark()...setItems().build()}.
 */
public final class PickleWriter {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final Map<String, Integer> memo = new HashMap<>();

    /** Starts the pickle. */
    public PickleWriter() {
        op(0x80).op(2);
    }

    /** Pushes None. */
    public PickleWriter none() {
        return op('N');
    }

    /** Pushes True or False. */
    public PickleWriter bool(boolean value) {
        return op(value ? 0x88 : 0x89);
    }

    /** Pushes an int. */
    public PickleWriter integer(long value) {
        if (value >= 0 && value < 1 << 8) {
            return op('K').op((int) value);
        }
        if (value >= 0 && value < 1 << 16) {
            return op('M').little(value, 2);
        }
        if (value == (int) value) {
            return op('J').little(value, 4);
        }
        return op(0x8A).op(8).little(value, 8);
    }

    /** Pushes a float. */
    public PickleWriter number(double value) {
        op('G');
        out.writeBytes(ByteBuffer.allocate(8).putDouble(value).array());
        return this;
    }

    /** Pushes a str. */
    public PickleWriter string(String value) {
        return once("s" + value, () -> unicode(value));
    }

    /** Pushes a class or function by name, {@code global("collections", "OrderedDict")}. */
    public PickleWriter global(String module, String name) {
        return once("c" + module + "\n" + name, () -> {
            String line = "c" + module + "\n" + name + "\n";
            out.writeBytes(line.getBytes(StandardCharsets.UTF_8));
        });
    }

    /** Marks the place from which the next tuple, list or dict takes its values. */
    public PickleWriter mark() {
        return op('(');
    }

    /** Pushes an empty tuple. */
    public PickleWriter emptyTuple() {
        return op(')');
    }

    /** Replaces the values since the mark by a tuple of them. */
    public PickleWriter tuple() {
        return op('t');
    }

    /** Pushes a tuple of ints. */
    PickleWriter tuple(long... values) {
        mark();
        for (long value : values) {
            integer(value);
        }
        return tuple();
    }

    /** Pushes an empty list. */
    public PickleWriter emptyList() {
        return op(']');
    }

    /** Appends the values since the mark to the list before it. */
    public PickleWriter appends() {
        return op('e');
    }

    /** Pushes an empty dict. */
    public PickleWriter emptyDict() {
        return op('}');
    }

    /** Pushes an empty {@code collections.OrderedDict}. */
    public PickleWriter emptyOrderedDict() {
        return global("collections", "OrderedDict").emptyTuple().reduce();
    }

    /** Puts the keys and values since the mark into the dict before it. */
    public PickleWriter setItems() {
        return op('u');
    }

    /** Replaces a function and a tuple of arguments by the function's result. */
    public PickleWriter reduce() {
        return op('R');
    }

    /** Replaces a class and a tuple of arguments by a new object. */
    public PickleWriter newObject() {
        return op(0x81);
    }

    /** Gives the dict on top to the object below it as its state. */
    public PickleWriter build() {
        return op('b');
    }

    /** Replaces the tuple on top by the object outside the pickle that it identifies. */
    private PickleWriter persistentId() {
        return op('Q');
    }

    /**
     * Pushes a tensor that views a storage.
     *
     * @param shape sizes
     * @param stride steps between neighbours along each axis, in elements
     */
    public PickleWriter tensor(Storage storage, long offset, long[] shape, long[] stride) {
        global("torch._utils", "_rebuild_tensor_v2").mark();
        mark().string("storage").global("torch", storage.dtype.storage()).string(storage.key);
        string("cpu").integer(storage.length).tuple().persistentId();
        integer(offset).tuple(shape).tuple(stride).bool(storage.trained).emptyOrderedDict();
        return tuple().reduce();
    }

    /**
     * A record {@code data/<key>} of the archive around the pickle.
     *
     * @param length elements
     * @param trained whether tensors on it require a gradient
     */
    public record Storage(DType dtype, String key, long length, boolean trained) {}

    /** Strides of a tensor without gaps. */
    public static long[] contiguous(long[] shape) {
        long[] stride = new long[shape.length];
        long step = 1;
        for (int axis = shape.length - 1; axis >= 0; axis--) {
            stride[axis] = step;
            step *= Math.max(1, shape[axis]);
        }
        return stride;
    }

    /** Ends the pickle: the value on top of the stack is its content. */
    public byte[] stop() {
        op('.');
        return out.toByteArray();
    }

    private PickleWriter once(String key, Runnable first) {
        Integer place = memo.get(key);
        if (place != null) {
            return place < 256 ? op('h').op(place) : op('j').little(place, 4);
        }
        first.run();
        int number = memo.size();
        memo.put(key, number);
        return number < 256 ? op('q').op(number) : op('r').little(number, 4);
    }

    private void unicode(String value) {
        byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        op('X').little(bytes.length, 4);
        out.writeBytes(bytes);
    }

    private PickleWriter op(int code) {
        out.write(code);
        return this;
    }

    private PickleWriter little(long value, int bytes) {
        ByteBuffer buffer =
                ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value);
        out.write(buffer.array(), 0, bytes);
        return this;
    }
}
