package org.simreg.worker.weights.tensor;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.simreg.proto.UserError;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.Op;

/**
 * Tensors by name, in order. Unchangeable; one that was read from a file fetches a tensor when it
 * is asked for, so the file must not be rewritten in place meanwhile (replacing it is harmless).
 */
public final class StateDict {
    private final Map<String, LazyTensor> tensors;

    /** A state dict in the map's order, of tensors that are fetched when asked for. */
    public StateDict(Map<String, LazyTensor> tensors) {
        this.tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
    }

    /** A state dict in the map's order. */
    public static StateDict of(Map<String, HostTensor> tensors) {
        Map<String, LazyTensor> stored = new LinkedHashMap<>();
        tensors.forEach((name, tensor) -> stored.put(name, LazyTensor.of(tensor)));
        return new StateDict(stored);
    }

    /**
     * Float32 tensors that are made when they are asked for, in the order of the shapes.
     *
     * @param values gives a tensor's elements in row-major order, by its name
     */
    public static StateDict lazy(Map<String, long[]> shapes, Function<String, float[]> values) {
        Map<String, LazyTensor> stored = new LinkedHashMap<>();
        shapes.forEach((name, shape) -> stored.put(
                name,
                new LazyTensor(
                        DType.FLOAT32,
                        shape,
                        () -> HostTensor.of(values.apply(name), shape).data())));
        return new StateDict(stored);
    }

    /**
     * The tensor of that name.
     *
     * @throws NoSuchElementException if there is none
     * @throws UserError if the file that it lies in can't be read
     */
    public HostTensor get(String name) {
        return stored(name).load();
    }

    /** Which tensors, all of floating-point numbers, hold a NaN or an infinity, in words; empty if none does. */
    public Optional<String> notFinite() {
        List<String> odd =
                names().stream().filter(name -> !get(name).isFinite()).toList();
        return odd.isEmpty()
                ? Optional.empty()
                : Optional.of("no finite numbers (in %d of %d tensors, the first is %s)"
                        .formatted(odd.size(), names().size(), odd.get(0)));
    }

    /**
     * The same tensors, all of floating-point numbers, each of which is refused when it is fetched if it holds a NaN or
     * an infinity: libtorch's kernels can turn a NaN into 0, and the features of such weights look like any others.
     *
     * @param fileName for the message of the UserError
     */
    public StateDict finite(String fileName) {
        Map<String, LazyTensor> checked = new LinkedHashMap<>();
        tensors.forEach((name, tensor) -> checked.put(
                name,
                new LazyTensor(
                        tensor.dtype(),
                        tensor.shape(),
                        () -> finite(tensor.load(), name, fileName).data(),
                        List.of(tensor))));
        return new StateDict(checked);
    }

    private static HostTensor finite(HostTensor tensor, String name, String fileName) {
        if (!tensor.isFinite()) {
            throw new UserError(
                    "Can't use the weights of %s: %s holds a NaN or an infinity, so its training went wrong; give another checkpoint"
                            .formatted(fileName, name));
        }
        return tensor;
    }

    /** Sizes of the tensor, without fetching it. */
    public long[] shape(String name) {
        return stored(name).shape().clone();
    }

    /** Element type of the tensor, without fetching it. */
    public DType dtype(String name) {
        return stored(name).dtype();
    }

    /** Whether a tensor of that name is there. */
    public boolean contains(String name) {
        return tensors.containsKey(name);
    }

    /** All names in order. */
    public Set<String> names() {
        return tensors.keySet();
    }

    /** Number of tensors. */
    public int size() {
        return tensors.size();
    }

    /** The tensors whose names start with the prefix, named by the rest. */
    public StateDict withoutPrefix(String prefix) {
        Map<String, LazyTensor> renamed = new LinkedHashMap<>();
        tensors.forEach((name, tensor) -> {
            if (name.startsWith(prefix)) {
                renamed.put(name.substring(prefix.length()), tensor);
            }
        });
        return new StateDict(renamed);
    }

    /**
     * The network's weights together with the counter {@code num_batches_tracked} of every
     * BatchNorm, which PyTorch's {@code load_state_dict(strict=True)} asks for.
     *
     * @param batches value of all counters: training steps so far
     */
    public StateDict withCounters(NetworkGraph network, long batches) {
        Map<String, LazyTensor> all = new LinkedHashMap<>();
        for (NetworkGraph.Node node : network.nodes()) {
            NetworkGraph.weightsOf(node).forEach(w -> all.put(w.name(), stored(w.name())));
            if (node.op() instanceof Op.BatchNorm) {
                LazyTensor counter = LazyTensor.of(HostTensor.of(batches));
                all.put(node.name() + ".num_batches_tracked", counter);
            }
        }
        return new StateDict(all);
    }

    /**
     * The tensor of that name, not fetched yet.
     *
     * @throws NoSuchElementException if there is none
     */
    public LazyTensor stored(String name) {
        LazyTensor tensor = tensors.get(name);
        if (tensor == null) {
            throw new NoSuchElementException("No tensor is named " + name);
        }
        return tensor;
    }

    @Override
    public String toString() {
        return "StateDict of " + size() + " tensors";
    }
}
