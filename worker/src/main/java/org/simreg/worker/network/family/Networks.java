package org.simreg.worker.network.family;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.simreg.proto.Interpolation;
import org.simreg.proto.Network;
import org.simreg.proto.Pixels;
import org.simreg.worker.network.LayerNames;
import org.simreg.worker.network.NamingLayout;
import org.simreg.worker.network.NetworkGraph;

/** The known network architectures by name. */
public final class Networks {
    private static final Map<Network, Architecture> ALL = byName(List.of(
            ResNet.all(), //
            MobileNetV2.all(),
            DinoTransformers.all(),
            ImageTransformers.all(),
            ImageTextTransformers.all(),
            ConvNeXt.all(),
            EfficientNet.all(),
            MobileNetV3.all(),
            MobileNetV4.all()));

    /** Built once each: a file is compared with all. */
    private static final Map<Network, NetworkGraph> BACKBONES = new EnumMap<>(Network.class);

    static {
        ALL.forEach((name, known) -> BACKBONES.put(name, known.layers().apply(0)));
    }

    private static final List<LayerNames> NAMES = ALL.values().stream()
            .flatMap(known -> known.files().tables().stream())
            .distinct()
            .toList();

    private static final Set<String> LAST_LAYERS = ALL.values().stream()
            .map(known -> known.layers().apply(1).nodes())
            .map(nodes -> nodes.get(nodes.size() - 1).name())
            .collect(Collectors.toUnmodifiableSet());

    private Networks() {}

    private static Map<Network, Architecture> byName(List<List<Architecture>> families) {
        Map<Network, Architecture> all = new EnumMap<>(Network.class);
        families.stream().flatMap(List::stream).forEach(known -> {
            if (all.put(known.name(), known) != null) {
                throw new IllegalStateException("two families have " + known.name());
            }
        });
        return all;
    }

    private static Architecture of(Network name) {
        Architecture known = ALL.get(name);
        if (known == null) {
            throw new IllegalArgumentException(
                    name == Network.AUTO
                            ? "a network that is still to be recognised"
                            : "a network of a newer version: " + name);
        }
        return known;
    }

    /** All of them, in the order of their declaration. */
    public static List<Network> all() {
        return List.copyOf(ALL.keySet());
    }

    /** The tables of other names under which the known networks come, each for a family of networks. */
    public static List<LayerNames> names() {
        return NAMES;
    }

    /**
     * The names that a layout has for a network's layers.
     *
     * @return empty if the layout has no network of this arithmetic; the network's own names are an empty table
     */
    public static Optional<LayerNames> names(Network network, NamingLayout layout) {
        return of(network).files().names(layout);
    }

    /** The layouts of weights that are read as a network, by its own names or by a table. */
    public static List<NamingLayout> read(Network network) {
        return of(network).files().read();
    }

    /** The layouts that a network can be exported in. */
    public static List<NamingLayout> written(Network network) {
        List<NamingLayout> written = of(network).files().written();
        return Arrays.stream(NamingLayout.values()).filter(written::contains).toList();
    }

    /** The networks of the same names and shapes as one, but of other arithmetic; a file can't tell them apart. */
    public static List<Network> alike(Network network) {
        return of(network).files().alike();
    }

    /** The tables of names that usually stand for another network, and for this one where it is asked for. */
    public static List<LayerNames> named(Network network) {
        return of(network).files().named();
    }

    /** Names of the last linear layers that the known networks have behind their features. */
    public static Set<String> lastLayers() {
        return LAST_LAYERS;
    }

    /** The normalisation of pixels that a network was trained with. */
    public static Pixels pixels(Network network) {
        return of(network).pixels();
    }

    /** The interpolation of the images that a network's publishers evaluate it on. */
    public static Interpolation interpolation(Network network) {
        return of(network).interpolation();
    }

    /** The network up to its pooled feature (N, D). */
    public static NetworkGraph backbone(Network name) {
        of(name);
        return BACKBONES.get(name);
    }

    /**
     * The network with its last linear layer ({@code fc}, {@code classifier.1}).
     *
     * @param classes width of that layer, at least 1
     */
    public static NetworkGraph classifier(Network name, int classes) {
        return of(name).layers().apply(classes);
    }
}
