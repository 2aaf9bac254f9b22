package org.simreg.worker.weights.checkpoint;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.simreg.worker.network.LayerNames;
import org.simreg.worker.network.Layout;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.family.Networks;
import org.simreg.worker.weights.tensor.LazyTensor;
import org.simreg.worker.weights.tensor.StateDict;

/**
 * The names of other libraries in a file, replaced by ours: timm's, Hugging Face's, detectron2's and so on, by the
 * tables of {@link Networks#names()}. Names behind any prefix are found; the prefix stays.
 */
final class HubNames {
    private HubNames() {}

    /** The file with our names where it has those of a network that we know; the file itself without any. */
    static StateDict resolved(StateDict file) {
        return resolved(TransformerNames.resolved(TensorFlowNames.resolved(file)), Networks.names());
    }

    /**
     * As above; names that usually stand for another arithmetic are a network's too where that is asked for:
     * MobileNet-v2's under Hugging Face's names.
     */
    static StateDict resolved(StateDict file, NetworkGraph network) {
        List<LayerNames> further = Networks.all().stream()
                .filter(name -> Networks.backbone(name).name().equals(network.name()))
                .flatMap(name -> Networks.names(name, Layout.HUGGINGFACE).stream())
                .filter(names -> !names.theirs().isEmpty())
                .toList();
        return resolved(resolved(file), further);
    }

    private static StateDict resolved(StateDict file, List<LayerNames> tables) {
        Map<String, String> layers = new HashMap<>();
        for (LayerNames names : tables) {
            String first = names.theirs(names.signs().get(0));
            for (String name : file.names()) {
                if (name.endsWith(first + ".weight")) {
                    String prefix = name.substring(0, name.length() - first.length() - ".weight".length());
                    if ((prefix.isEmpty() || prefix.endsWith(".")) && isOf(names, prefix, file)) {
                        layers.putAll(layers(names, prefix, file));
                    }
                }
            }
        }
        return layers.isEmpty() ? file : renamed(file, layers);
    }

    /** Whether names behind a prefix are a table's, with none more in their places: those would get lost. */
    private static boolean isOf(LayerNames names, String prefix, StateDict file) {
        String first = names.signs().get(0);
        boolean oursAlready = names.layout() == Layout.SEQUENTIAL && (prefix + names.theirs(first)).endsWith(first);
        if (oursAlready
                || !names.signs().stream().allMatch(sign -> file.contains(prefix + names.theirs(sign) + ".weight"))) {
            return false;
        }
        Set<String> known = names.ours().keySet();
        Set<String> places = names.places();
        return file.names().stream()
                .filter(name -> name.startsWith(prefix))
                .map(name -> name.substring(prefix.length()))
                .filter(name -> places.contains(name.substring(0, Math.max(0, name.indexOf('.')))))
                .allMatch(name -> known.contains(layer(name)));
    }

    /** Our names of the layers by the file's, both with the prefix. */
    private static Map<String, String> layers(LayerNames names, String prefix, StateDict file) {
        Map<String, String> layers = new HashMap<>();
        names.ours().forEach((their, our) -> layers.put(prefix + their, prefix + our));
        last(names, prefix)
                .filter(layer -> file.contains(layer + ".weight"))
                .ifPresent(layer -> layers.put(layer, prefix + names.last().ours()));
        return layers;
    }

    /** The last linear layer stands outside of what holds the others, or beside them. */
    private static Optional<String> last(LayerNames names, String prefix) {
        LayerNames.Last last = names.last();
        if (!prefix.endsWith(last.backbone())) {
            return Optional.empty();
        }
        return Optional.of(prefix.substring(0, prefix.length() - last.backbone().length()) + last.theirs());
    }

    private static String layer(String name) {
        return name.substring(0, Math.max(0, name.lastIndexOf('.')));
    }

    private static StateDict renamed(StateDict file, Map<String, String> layers) {
        Map<String, LazyTensor> tensors = new LinkedHashMap<>();
        for (String name : file.names()) {
            String layer = layer(name);
            tensors.put(layers.getOrDefault(layer, layer) + name.substring(layer.length()), file.stored(name));
        }
        return new StateDict(tensors);
    }
}
