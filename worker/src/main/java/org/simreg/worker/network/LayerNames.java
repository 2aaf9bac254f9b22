package org.simreg.worker.network;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * A table of the names that one layout has for the layers of a network family; read in both directions.
 *
 * @param theirs the layout's name of a layer by ours, without the last linear layer
 * @param last the last linear layer
 * @param signs some of our layers, whose tensors all are there where names are of this table; the network's first
 *     layer is the first of them
 * @param tensors the layout's tensors by our tensors' names, where those don't follow from the layers' names
 */
public record LayerNames(
        NamingLayout layout, Map<String, String> theirs, Last last, List<String> signs, Map<String, Tensor> tensors) {
    public LayerNames {
        theirs = Collections.unmodifiableMap(new LinkedHashMap<>(theirs));
        tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
        signs = List.copyOf(signs);
    }

    /** A table of layers' names only. */
    public LayerNames(NamingLayout layout, Map<String, String> theirs, Last last, List<String> signs) {
        this(layout, theirs, last, signs, Map.of());
    }

    /**
     * A layout's name and shape of a tensor.
     *
     * @param ones sizes of 1 that it has more at the end of its shape than ours
     */
    public record Tensor(String name, int ones) {}

    /**
     * The names of the last linear layer.
     *
     * @param ours beside the other layers
     * @param theirs in the library's classifier
     * @param backbone prefix that the classifier has before the names of all other layers: {@code resnet.}; empty
     *     where the last layer stands beside them
     */
    public record Last(String ours, String theirs, String backbone) {}

    /** Our name of a layer by the layout's. */
    public Map<String, String> ours() {
        Map<String, String> ours = new LinkedHashMap<>();
        theirs.forEach((our, their) -> ours.put(their, our));
        return ours;
    }

    /** The layout's name of one of our layers. */
    public String theirs(String layer) {
        String found = theirs.get(layer);
        if (found == null) {
            throw new NoSuchElementException(layout + " has no name for " + layer);
        }
        return found;
    }

    /** The first parts of the layout's names. */
    public Set<String> places() {
        return theirs.values().stream()
                .map(name -> name.substring(0, (name + ".").indexOf('.')))
                .collect(Collectors.toSet());
    }

    /** A network whose layers have the layout's names; layers without weights keep theirs. */
    public NetworkGraph renamed(NetworkGraph network) {
        List<NetworkGraph.Node> nodes = network.nodes().stream()
                .map(node -> new NetworkGraph.Node(
                        node.name().equals(last.ours) ? last.theirs : theirs.getOrDefault(node.name(), node.name()),
                        node.op(),
                        node.input(),
                        node.second()))
                .toList();
        return network.with(nodes);
    }
}
