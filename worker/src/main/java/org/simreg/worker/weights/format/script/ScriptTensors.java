package org.simreg.worker.weights.format.script;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.simreg.worker.network.Weight;
import org.simreg.worker.network.Weight.Kind;
import org.simreg.worker.weights.format.pickle.Pickled.Tensor;
import org.simreg.worker.weights.format.pickle.Pickled.Thing;
import org.simreg.worker.weights.tensor.CorruptFile;
import org.simreg.worker.weights.tensor.DType;
import org.simreg.worker.weights.tensor.HostTensor;
import org.simreg.worker.weights.tensor.LazyTensor;

/** Parameters and buffers of a TorchScript module by their names in its state dict. */
final class ScriptTensors {
    /**
     * Whole numbers below it stay exact as float32, in sums over thousands of micro-batches too.
     */
    private static final long MAX_COUNT = 1 << 22;

    private static final int MAX_DEPTH = 64;

    private final Map<String, Tensor> tensors = new LinkedHashMap<>();
    private final Map<String, Kind> kinds = new HashMap<>();
    private final Map<String, String> places = new LinkedHashMap<>();

    /** The values of tensors by their names. */
    interface Values {
        LazyTensor of(String name) throws CorruptFile;
    }

    private ScriptTensors() {}

    static String className(Thing module) {
        return module.type.module() + "." + module.type.name();
    }

    static ScriptTensors of(Thing root, ScriptClasses classes) throws CorruptFile {
        ScriptTensors found = new ScriptTensors();
        found.visit("", root, classes, 0);
        return found;
    }

    private void visit(String prefix, Thing module, ScriptClasses classes, int depth) throws CorruptFile {
        if (depth > MAX_DEPTH || module.type == null) {
            throw new CorruptFile("its modules are nested too deep");
        }
        List<String> parameters = classes.parameters(className(module));
        List<String> buffers = classes.buffers(className(module));
        for (Map.Entry<?, ?> attribute : module.attributes.entrySet()) {
            String name = prefix + attribute.getKey();
            if (attribute.getValue() instanceof Tensor tensor) {
                if (parameters.contains(attribute.getKey())) {
                    add(name, tensor, tensor.trained() ? Kind.PARAMETER : Kind.BUFFER);
                } else if (buffers.contains(attribute.getKey())) {
                    add(name, tensor, Kind.BUFFER);
                }
            } else if (attribute.getValue() instanceof Thing child
                    && child.type != null
                    && child.type.module().startsWith("__torch__")) {
                visit(name + ".", child, classes, depth + 1);
            }
        }
    }

    private void add(String name, Tensor tensor, Kind kind) {
        tensors.put(name, tensor);
        kinds.put(name, kind);
    }

    /**
     * Decides which tensors training moves.
     *
     * @throws CorruptFile if it can't; the message completes "Can't train the module: "
     */
    void refuseUntrainable(Values values) throws CorruptFile {
        Map<String, String> first = new HashMap<>();
        for (Map.Entry<String, Tensor> entry : tensors.entrySet()) {
            String name = entry.getKey();
            Tensor tensor = entry.getValue();
            if (tensor.dtype().isFloat() && tensor.dtype() != DType.FLOAT32) {
                throw new CorruptFile("its %s is %s, and students of this kind are trained in float32"
                        .formatted(name, tensor.dtype()));
            }
            if (!tensor.dtype().isFloat()) {
                kinds.put(name, Kind.COUNTER);
            }
            if (tensor.dtype().isFloat() || counts(values.of(name))) {
                refuseNumbered(name);
                String memory = tensor.storage().key()
                        + " "
                        + tensor.offset()
                        + Arrays.toString(tensor.shape())
                        + Arrays.toString(tensor.stride());
                places.put(name, first.computeIfAbsent(memory, key -> name));
            }
        }
        if (!kinds.containsValue(Kind.PARAMETER)) {
            throw new CorruptFile("it has no parameters that ask for a gradient (a frozen module has none)");
        }
    }

    private static void refuseNumbered(String name) throws CorruptFile {
        String last = name.substring(name.lastIndexOf('.') + 1);
        if (!last.matches("[A-Za-z_]\\w*")) {
            throw new CorruptFile(
                    "its tensor %s has a number for a name, as in a ParameterList; name it".formatted(name));
        }
    }

    private static boolean counts(LazyTensor tensor) {
        if (tensor.dtype() != DType.INT64) {
            return false;
        }
        for (float value : numbers(tensor.load())) {
            if (Math.abs(value) >= MAX_COUNT) {
                return false;
            }
        }
        return true;
    }

    Set<String> names() {
        return tensors.keySet();
    }

    Tensor get(String name) {
        return tensors.get(name);
    }

    Map<String, String> places() {
        return places;
    }

    List<Weight> weights() {
        List<Weight> weights = new ArrayList<>();
        for (String name : tensors.keySet()) {
            if (name.equals(places.get(name))) {
                weights.add(new Weight(name, tensors.get(name).shape(), kinds.get(name)));
            }
        }
        return weights;
    }

    /** The values as float32; whole numbers below 2^24 exactly. */
    static float[] numbers(HostTensor tensor) {
        if (tensor.dtype().isFloat()) {
            return tensor.floats();
        }
        float[] values = new float[Math.toIntExact(tensor.length())];
        ByteBuffer data = tensor.data();
        for (int i = 0; i < values.length; i++) {
            values[i] = data.getLong(8 * i);
        }
        return values;
    }

    /** A float32 tensor as float32 or rounded to int64. */
    static HostTensor cast(HostTensor values, DType dtype, long[] shape) {
        float[] numbers = values.floats();
        ByteBuffer data = ByteBuffer.allocate(numbers.length * dtype.bytes()).order(ByteOrder.LITTLE_ENDIAN);
        for (float number : numbers) {
            if (dtype == DType.INT64) {
                data.putLong(Math.round((double) number));
            } else {
                data.putFloat(number);
            }
        }
        return new HostTensor(dtype, shape, data.flip());
    }

    /** Writes a tensor where it lies in its storage. */
    static void scatter(HostTensor values, Tensor tensor, ByteBuffer storage) {
        int width = tensor.dtype().bytes();
        ByteBuffer data = values.data();
        long first = tensor.offset();
        int count = Math.toIntExact(values.length());
        for (int i = 0; i < count; i++) {
            long place = first;
            long rest = i;
            for (int axis = tensor.shape().length - 1; axis >= 0; axis--) {
                place += rest % tensor.shape()[axis] * tensor.stride()[axis];
                rest /= tensor.shape()[axis];
            }
            int at = Math.toIntExact(place * width);
            switch (width) {
                case 1 -> storage.put(at, data.get(i));
                case 2 -> storage.putShort(at, data.getShort(2 * i));
                case 4 -> storage.putInt(at, data.getInt(4 * i));
                default -> storage.putLong(at, data.getLong(8 * i));
            }
        }
    }
}
