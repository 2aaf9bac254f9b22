package org.simreg.worker.weights.hub;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.simreg.worker.weights.tensor.DType;
import org.simreg.worker.weights.tensor.LazyTensor;
import org.simreg.worker.weights.tensor.StateDict;

/** The tensors of a file under other names; some are joined of several, some made of zeros. */
final class RenamedTensors {
    private final Map<String, LazyTensor> tensors = new LinkedHashMap<>();
    private final Map<String, LazyTensor[]> joined = new LinkedHashMap<>();

    /** A tensor under a name. */
    void put(String name, LazyTensor tensor) {
        tensors.put(name, tensor);
    }

    /**
     * One of the tensors that are joined, in the place of the first that comes.
     *
     * @param part its place among them, from 0
     * @param parts their number
     */
    void part(String name, int part, int parts, LazyTensor tensor) {
        joined.computeIfAbsent(name, key -> new LazyTensor[parts])[part] = tensor;
        tensors.putIfAbsent(name, tensor);
    }

    /** Takes zeros for missing biases of keys, and of queries, keys and values together. */
    void fillBiases(String prefix) {
        for (String name : List.copyOf(tensors.keySet())) {
            if (name.startsWith(prefix + "blocks.") && name.endsWith(".attn.qkv.weight")) {
                String bias = name.replaceFirst("weight$", "bias");
                LazyTensor weight = whole(name);
                LazyTensor[] parts = joined.get(bias);
                if (parts != null && parts[0] != null && parts[1] == null) {
                    parts[1] = TensorForms.zeros(parts[0].dtype(), parts[0].shape());
                } else if (!tensors.containsKey(bias)) {
                    tensors.put(bias, TensorForms.zeros(DType.FLOAT32, weight.shape()[0]));
                }
            }
        }
    }

    private LazyTensor whole(String name) {
        LazyTensor[] parts = joined.get(name);
        if (parts == null) {
            return tensors.get(name);
        }
        List<LazyTensor> all =
                new ArrayList<>(Arrays.stream(parts).filter(Objects::nonNull).toList());
        return TensorForms.joined(all);
    }

    /** All of them; what is joined of fewer tensors than it should has too few rows. */
    StateDict stateDict() {
        Map<String, LazyTensor> all = new LinkedHashMap<>();
        tensors.keySet().forEach(name -> all.put(name, whole(name)));
        return new StateDict(all);
    }
}
