package org.simreg.worker.weights.format.pickle;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.simreg.worker.weights.tensor.CorruptFile;
import org.simreg.worker.weights.tensor.DType;

/**
 * A value of a pickle that is no plain one. Plain values are String, Long, BigInteger, Double,
 * Boolean, {@link #NONE}, {@code byte[]}, List (of list and tuple) and Map (of dict).
 */
public sealed interface Pickled {
    /** Python's None. */
    Pickled NONE = new Nothing();

    /** A text or another plain value that was passed over because it, or what it stands in, is very long. */
    Pickled SKIPPED = new Passed();

    /** The type of Python's None. */
    record Nothing() implements Pickled {}

    /** The type of what was passed over. */
    record Passed() implements Pickled {
        @Override
        public String toString() {
            return "not read";
        }
    }

    /** Number of values of a list or dict, also of those that were not kept. */
    static long size(Object value) {
        if (value instanceof PickledList list) {
            return (long) list.size() + list.skipped;
        } else if (value instanceof PickledMap map) {
            return (long) map.size() + map.skipped;
        }
        return value instanceof Map<?, ?> map ? map.size() : value instanceof List<?> list ? list.size() : 0;
    }

    /** A class or function, by name only. */
    record Global(String module, String name) implements Pickled {
        boolean is(String module, String... names) {
            return this.module.equals(module) && List.of(names).contains(name);
        }

        @Override
        public String toString() {
            return module + "." + name;
        }
    }

    /** An object of a class that is not known here: what it carries is kept, nothing is called. */
    final class Thing implements Pickled {
        /** Its class, as the file names it; null if that is unknown. */
        public final Global type;

        /** What a subclass of dict holds. */
        public final Map<Object, Object> items = new LinkedHashMap<>();

        /** The object's own names; shared with whatever else refers to them, never copied. */
        public Map<?, ?> attributes = Map.of();

        /** Its number among the values that the pickle's memo keeps; -1 if it isn't kept. */
        int number = -1;

        Thing(Global type) {
            this.type = type;
        }

        Thing() {
            this(null);
        }

        /** {@code argparse.Namespace}; empty if that is unknown. */
        public String typeName() {
            return type == null ? "" : type.toString();
        }
    }

    /**
     * A storage: elements that lie outside the pickle.
     *
     * @param type PyTorch's class, {@code FloatStorage}
     * @param key name of the storage in the container
     * @param length elements of the whole storage
     * @param view the part of it that is meant; null for all of it
     */
    record Storage(String type, String key, long length, View view) implements Pickled {
        /** Bytes of an element, also of those types that no {@link DType} stands for. */
        public int width() throws CorruptFile {
            Optional<DType> dtype = DType.ofStorage(type);
            if (dtype.isPresent()) {
                return dtype.get().bytes();
            }
            return switch (type) {
                case "UntypedStorage", "QInt8Storage", "QUInt8Storage" -> 1;
                case "QInt32Storage" -> 4;
                default -> throw new CorruptFile("nobody knows how large a " + type + " is");
            };
        }
    }

    /** A part of a storage: first element and number of elements. */
    record View(long offset, long length) {}

    /**
     * A strided window on a storage, in elements.
     *
     * @param trained whether it asks for a gradient
     */
    record Tensor(Storage storage, DType dtype, long offset, long[] shape, long[] stride, boolean trained)
            implements Pickled {}
}
