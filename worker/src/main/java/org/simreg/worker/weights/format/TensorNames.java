package org.simreg.worker.weights.format;

import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.simreg.worker.weights.format.pickle.Pickled.Tensor;
import org.simreg.worker.weights.format.pickle.Pickled.Thing;
import org.simreg.worker.weights.tensor.CorruptFile;

/** The search for tensors in the value of a pickle; it gives them dotted names. */
final class TensorNames {
    /** Where training programs put the weights, beside optimizer, epoch and settings. */
    private static final List<String> WEIGHTS = List.of("state_dict", "model", "model_state_dict");

    /** So few tensors beside the weights are scores and counters, no second network. */
    private static final int FEW = 10;

    /** Of a pickled torch.nn.Module: these attributes are levels of it, not of the names. */
    private static final List<String> MODULE = List.of("_parameters", "_buffers", "_modules");

    private static final int MAX_DEPTH = 64;
    private static final int MAX_NAME = 1024;
    private static final int MAX_VALUES = 1_000_000;

    private final Map<String, Tensor> tensors = new LinkedHashMap<>();
    private final Set<List<?>> lists = Collections.newSetFromMap(new IdentityHashMap<>());
    private boolean inList;
    private int values;
    private int listed;

    private TensorNames() {}

    /**
     * The tensors of a whole file; possibly none. The key of the dict that holds all weights ({@code state_dict}) is
     * left out of the names, unless other weights stand beside it.
     */
    static Map<String, Tensor> of(Object root) throws CorruptFile {
        TensorNames names = new TensorNames();
        names.visit("", root, 0);
        for (String key : WEIGHTS) {
            if (root instanceof Map<?, ?> map && holds(map.get(key))) {
                Map<String, Tensor> inner = names.within(key + ".");
                if (!inner.isEmpty()) {
                    return inner;
                }
            }
        }
        return names.tensors;
    }

    /** All tensors, those of a dict without its key; none if that has none or isn't nearly all of the file. */
    private Map<String, Tensor> within(String prefix) {
        Map<String, Tensor> shorter = new LinkedHashMap<>();
        int others = 0;
        for (Map.Entry<String, Tensor> tensor : tensors.entrySet()) {
            boolean inside = tensor.getKey().startsWith(prefix);
            others += inside ? 0 : 1;
            shorter.put(inside ? tensor.getKey().substring(prefix.length()) : tensor.getKey(), tensor.getValue());
        }
        boolean all = others < tensors.size() && others <= FEW && shorter.size() == tensors.size();
        return all ? shorter : Map.of();
    }

    private void visit(String name, Object value, int depth) throws CorruptFile {
        if ((inList ? ++listed : ++values) > MAX_VALUES || depth > MAX_DEPTH || name.length() > MAX_NAME) {
            if (inList) {
                return;
            }
            throw new CorruptFile("its values are nested too deep or are too many");
        }
        if (value instanceof Tensor tensor) {
            tensors.putIfAbsent(name, tensor);
        } else if (value instanceof Map<?, ?> map) {
            items(name, map, depth);
        } else if (value instanceof List<?> list) {
            elements(name, list, depth);
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

    /** A list is visited once; what is in it beyond the limits is no weight of a network. */
    private void elements(String name, List<?> list, int depth) throws CorruptFile {
        if (!lists.add(list)) {
            return;
        }
        boolean outer = inList;
        inList = true;
        for (int i = 0; i < list.size(); i++) {
            if (holds(list.get(i))) {
                visit(joined(name, String.valueOf(i)), list.get(i), depth + 1);
            }
        }
        inList = outer;
    }

    private void items(String name, Map<?, ?> map, int depth) throws CorruptFile {
        for (Map.Entry<?, ?> item : map.entrySet()) {
            if (item.getKey() instanceof String key && holds(item.getValue())) {
                visit(joined(name, key), item.getValue(), depth + 1);
            }
        }
    }

    /** Whether tensors may be in it. */
    private static boolean holds(Object value) {
        return value instanceof Tensor || value instanceof Map || value instanceof List || value instanceof Thing;
    }

    private static String joined(String name, String key) {
        return name.isEmpty() ? key : name + "." + key;
    }
}
