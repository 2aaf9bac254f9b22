package org.simreg.worker.checkpoint;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.simreg.worker.checkpoint.Pickled.Tensor;
import org.simreg.worker.checkpoint.Pickled.Thing;

/** Finds the tensors in what a pickle holds and gives them dotted names. */
final class Flattening {
    /** Where training programs put the weights, beside optimizer, epoch and settings. */
    private static final List<String> WEIGHTS = List.of("state_dict", "model", "model_state_dict");

    /** Of a pickled torch.nn.Module: these attributes are levels of it, not of the names. */
    private static final List<String> MODULE = List.of("_parameters", "_buffers", "_modules");

    private static final int MAX_DEPTH = 64;
    private static final int MAX_NAME = 1024;
    private static final int MAX_VALUES = 1_000_000;

    private final Map<String, Tensor> tensors = new LinkedHashMap<>();
    private int values;

    private Flattening() {}

    /** The tensors of a whole file; possibly none. */
    static Map<String, Tensor> of(Object root) throws CorruptFile {
        if (root instanceof Map<?, ?> map) {
            for (String key : WEIGHTS) {
                Map<String, Tensor> tensors = all(map.get(key));
                if (!tensors.isEmpty() && !(map.get(key) instanceof Tensor)) {
                    return tensors;
                }
            }
        }
        return all(root);
    }

    private static Map<String, Tensor> all(Object value) throws CorruptFile {
        Flattening flattening = new Flattening();
        flattening.visit("", value, 0);
        return flattening.tensors;
    }

    private void visit(String name, Object value, int depth) throws CorruptFile {
        if (++values > MAX_VALUES || depth > MAX_DEPTH || name.length() > MAX_NAME) {
            throw new CorruptFile("its values are nested too deep or are too many");
        }
        if (value instanceof Tensor tensor) {
            tensors.putIfAbsent(name, tensor);
        } else if (value instanceof Map<?, ?> map) {
            items(name, map, depth);
        } else if (value instanceof Thing thing) {
            items(name, thing.items, depth);
            Map<?, ?> attributes = thing.attributes;
            if (MODULE.stream().allMatch(attributes::containsKey)) {
                for (String level : MODULE) {
                    visit(name, attributes.get(level), depth + 1);
                }
            } else {
                items(name, attributes, depth);
            }
        }
    }

    private void items(String name, Map<?, ?> map, int depth) throws CorruptFile {
        for (Map.Entry<?, ?> item : map.entrySet()) {
            if (item.getKey() instanceof String key) {
                visit(name.isEmpty() ? key : name + "." + key, item.getValue(), depth + 1);
            }
        }
    }
}
