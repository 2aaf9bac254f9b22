package org.simreg.worker.weights.format.pickle;

import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.simreg.worker.weights.format.pickle.Pickled.Global;
import org.simreg.worker.weights.format.pickle.Pickled.Storage;
import org.simreg.worker.weights.format.pickle.Pickled.Tensor;
import org.simreg.worker.weights.format.pickle.Pickled.Thing;
import org.simreg.worker.weights.format.pickle.Pickled.View;
import org.simreg.worker.weights.tensor.CorruptFile;
import org.simreg.worker.weights.tensor.DType;

/** The few functions that PyTorch's pickles call, as constructors of plain values. */
final class TorchCalls {
    private static final int MAX_AXES = 16;

    private TorchCalls() {}

    /** The result as far as weights need it; an empty {@link Thing} for every unknown function. */
    static Object call(Global function, List<?> arguments) throws CorruptFile {
        if (function.is("collections", "OrderedDict", "defaultdict")) {
            return dict(arguments);
        }
        if (function.is("torch._utils", "_rebuild_tensor", "_rebuild_tensor_v2")) {
            return tensor(arguments, false);
        }
        if (function.is("torch._utils", "_rebuild_tensor_v3")) {
            return tensor(arguments, true);
        }
        if (function.is("torch._tensor", "_rebuild_from_type_v2")
                && arguments.size() > 2
                && arguments.get(0) instanceof Global inner
                && inner.module().equals("torch._utils")
                && arguments.get(2) instanceof List<?> rest) {
            return call(inner, rest);
        }
        boolean first = function.is("torch._utils", "_rebuild_parameter", "_rebuild_parameter_with_state")
                || function.is("torch", "Size")
                || function.module().equals("torch.jit._pickle");
        return first && !arguments.isEmpty() ? arguments.get(0) : new Thing(function);
    }

    /** Only keys whose hash ends: a list that contains itself is a legal key in a hostile file. */
    static void putItem(Map<Object, Object> target, Object key, Object value) {
        if (key instanceof String
                || key instanceof Long
                || key instanceof Boolean
                || key instanceof Double
                || key instanceof BigInteger) {
            target.put(key, value);
        }
    }

    private static Map<Object, Object> dict(List<?> arguments) {
        Map<Object, Object> dict = new PickledMap();
        if (!arguments.isEmpty() && arguments.get(0) instanceof List<?> pairs) {
            for (Object item : pairs) {
                if (item instanceof List<?> pair && pair.size() == 2) {
                    putItem(dict, pair.get(0), pair.get(1));
                }
            }
        }
        return dict;
    }

    private static Object tensor(List<?> arguments, boolean typed) throws CorruptFile {
        if (arguments.size() < (typed ? 7 : 4)) {
            throw new CorruptFile("a tensor in it lacks its sizes");
        }
        if (!(arguments.get(0) instanceof Storage storage)) {
            return new Thing();
        }
        Optional<DType> dtype = DType.ofStorage(storage.type());
        if (typed) {
            dtype = arguments.get(6) instanceof Global g ? DType.ofTorch(g.name()) : Optional.empty();
        }
        if (dtype.isEmpty()) {
            return new Thing();
        }
        long[] shape = sizes(arguments.get(2));
        long[] stride = sizes(arguments.get(3));
        if (shape.length != stride.length) {
            throw new CorruptFile("a tensor in it has other axes in its sizes than in its strides");
        }
        boolean trained = arguments.size() > 4 && Boolean.TRUE.equals(arguments.get(4));
        return new Tensor(storage, dtype.get(), whole(arguments.get(1)), shape, stride, trained);
    }

    /**
     * Storages: ('storage', class, key, device, elements[, (key, offset, elements)]). Sources of
     * modules: ('module', class, file, source), of which the class stays.
     */
    static Object persistent(Object id) throws CorruptFile {
        if (!(id instanceof List<?> parts) || parts.size() < 2) {
            throw new CorruptFile("its pickle refers to something outside that has no name");
        }
        if ("module".equals(parts.get(0))) {
            return parts.get(1);
        }
        if (!"storage".equals(parts.get(0))
                || parts.size() < 5
                || !(parts.get(1) instanceof Global type)
                || !(parts.get(2) instanceof String key)) {
            throw new CorruptFile("its pickle refers to a storage without class or key");
        }
        View view = null;
        if (parts.size() > 5 && parts.get(5) instanceof List<?> part && part.size() == 3) {
            view = new View(whole(part.get(1)), whole(part.get(2)));
        }
        return new Storage(type.name(), key, whole(parts.get(4)), view);
    }

    /** A whole number that isn't negative. */
    static long whole(Object value) throws CorruptFile {
        if (value instanceof Long number && number >= 0) {
            return number;
        }
        throw new CorruptFile("a size in it is no whole number from 0 to 2^63");
    }

    private static long[] sizes(Object value) throws CorruptFile {
        if (!(value instanceof List<?> list) || list.size() > MAX_AXES) {
            throw new CorruptFile("the sizes of a tensor in it are no list of up to 16 numbers");
        }
        long[] sizes = new long[list.size()];
        for (int i = 0; i < sizes.length; i++) {
            sizes[i] = whole(list.get(i));
        }
        return sizes;
    }
}
