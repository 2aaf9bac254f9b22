package org.simreg.worker.weights.hub;

import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.simreg.worker.network.LayerNames;
import org.simreg.worker.network.NamingLayout;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.family.Networks;
import org.simreg.worker.weights.tensor.LazyTensor;
import org.simreg.worker.weights.tensor.StateDict;

/**
 * The names of other libraries in a file, replaced by ours: timm's, Hugging Face's, detectron2's and so on, by the
 * tables of {@link Networks#names()}. Names behind any prefix are found; the prefix stays.
 */
public final class HubNames {
    private HubNames() {}

    /** The file with our names where it has those of a network that we know; the file itself without any. */
    public static StateDict resolved(StateDict file) {
        StateDict named = TransformerNames.resolved(TensorFlowNames.resolved(file));
        return resolved(TextTransformerNames.resolved(named), Networks.names());
    }

    /**
     * As above; names that usually stand for another arithmetic are a network's too where that is asked for:
     * MobileNet-v2's under Hugging Face's names, TensorFlow's EfficientNet under timm's.
     */
    public static StateDict resolved(StateDict file, NetworkGraph network) {
        List<LayerNames> further = Networks.all().stream()
                .filter(name -> Networks.backbone(name).name().equals(network.name()))
                .flatMap(name -> Networks.named(name).stream())
                .toList();
        return resolved(resolved(file), further);
    }

    private static StateDict resolved(StateDict file, List<LayerNames> tables) {
        Map<String, String> layers = new HashMap<>();
        Map<String, Ours> tensors = new HashMap<>();
        for (LayerNames names : tables) {
            String first = names.theirs(names.signs().get(0));
            for (String name : file.names()) {
                if (name.endsWith(first + ".weight")) {
                    String prefix = name.substring(0, name.length() - first.length() - ".weight".length());
                    if ((prefix.isEmpty() || prefix.endsWith(".")) && isOf(names, prefix, file)) {
                        layers.putAll(layers(names, prefix, file));
                        names.tensors()
                                .forEach((our, their) ->
                                        tensors.put(prefix + their.name(), new Ours(prefix + our, their.ones())));
                    }
                }
            }
        }
        return layers.isEmpty() ? file : renamed(file, layers, tensors);
    }

    /**
     * Our name of a tensor.
     *
     * @param ones sizes of 1 that the file's has more at the end of its shape
     */
    private record Ours(String name, int ones) {}

    /** Whether names behind a prefix are a table's, with none more in their places: those would get lost. */
    private static boolean isOf(LayerNames names, String prefix, StateDict file) {
        String first = names.signs().get(0);
        boolean oursAlready =
                names.layout() == NamingLayout.SEQUENTIAL && (prefix + names.theirs(first)).endsWith(first);
        if (oursAlready
                || !names.signs().stream().allMatch(sign -> file.contains(prefix + names.theirs(sign) + ".weight"))) {
            return false;
        }
        Set<String> known = new HashSet<>(names.ours().keySet());
        known.add(names.last().theirs());
        Set<String> tensors =
                names.tensors().values().stream().map(LayerNames.Tensor::name).collect(Collectors.toSet());
        Set<String> places = names.places();
        return file.names().stream()
                .filter(name -> name.startsWith(prefix))
                .map(name -> name.substring(prefix.length()))
                .filter(name -> places.contains(name.substring(0, Math.max(0, name.indexOf('.')))))
                .allMatch(name -> known.contains(layer(name)) || tensors.contains(name));
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

    private static StateDict renamed(StateDict file, Map<String, String> layers, Map<String, Ours> tensors) {
        Map<String, LazyTensor> renamed = new LinkedHashMap<>();
        for (String name : file.names()) {
            String layer = layer(name);
            LazyTensor stored = file.stored(name);
            Ours ours = tensors.get(name);
            if (ours == null) {
                renamed.put(layers.getOrDefault(layer, layer) + name.substring(layer.length()), stored);
            } else {
                renamed.put(ours.name, flattened(stored, ours.ones));
            }
        }
        return new StateDict(renamed);
    }

    /** Without sizes of 1 at the end of its shape; another shape stays, and is refused where it is used. */
    private static LazyTensor flattened(LazyTensor tensor, int ones) {
        long[] shape = tensor.shape();
        int rest = shape.length - ones;
        boolean fits =
                ones > 0 && rest > 0 && Arrays.stream(shape, rest, shape.length).allMatch(size -> size == 1);
        return fits ? tensor.reshaped(Arrays.copyOf(shape, rest)) : tensor;
    }
}
