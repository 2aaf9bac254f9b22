package org.simreg.worker.network.family;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.IntFunction;
import org.simreg.proto.Interpolation;
import org.simreg.proto.Network;
import org.simreg.proto.Pixels;
import org.simreg.worker.network.LayerNames;
import org.simreg.worker.network.NamingLayout;
import org.simreg.worker.network.NetworkGraph;

/**
 * A known network: its layers, the names that its weights have in files, and what it wants of pixels.
 *
 * @param name in a job
 * @param layers the network with a last linear layer of so many classes; 0: up to its feature (N, D)
 * @param files names of its weights
 * @param pixels normalisation that its publishers trained it with
 * @param interpolation of the images that its publishers evaluate it on
 */
public record Architecture(
        Network name,
        IntFunction<NetworkGraph> layers,
        Architecture.Files files,
        Pixels pixels,
        Interpolation interpolation) {
    /**
     * The names of a network's weights in files.
     *
     * @param read layouts that are read
     * @param written layouts that it is exported in
     * @param tables names by which it is known in any file
     * @param named names that usually stand for another network: read where this one is asked for, and written
     * @param alike networks of the same names and shapes but of other arithmetic; a file can't tell them apart, and is
     *     taken as this one
     */
    public record Files(
            List<NamingLayout> read,
            List<NamingLayout> written,
            List<LayerNames> tables,
            List<LayerNames> named,
            List<Network> alike) {
        public Files {
            read = List.copyOf(read);
            written = List.copyOf(written);
            tables = List.copyOf(tables);
            named = List.copyOf(named);
            alike = List.copyOf(alike);
        }

        /** Files that have the network's own names, which are those of some layouts, read and written. */
        public static Files own(NamingLayout... layouts) {
            return new Files(List.of(layouts), List.of(layouts), List.of(), List.of(), List.of());
        }

        /** Also other names, read and, where others read them, written. */
        public Files with(List<LayerNames> more) {
            List<NamingLayout> all = more.stream().map(LayerNames::layout).toList();
            List<NamingLayout> wrote =
                    all.stream().filter(NamingLayout::isWritten).toList();
            return new Files(joined(read, all), joined(written, wrote), joined(tables, more), named, alike);
        }

        /** The same, not written in some layouts: their libraries have no such network. */
        public Files notWritten(NamingLayout... layouts) {
            List<NamingLayout> rest = written.stream()
                    .filter(layout -> !List.of(layouts).contains(layout))
                    .toList();
            return new Files(read, rest, tables, named, alike);
        }

        /** Also names that stand for this network only where it is asked for; written too. */
        public Files named(LayerNames more) {
            return new Files(
                    read, joined(written, List.of(more.layout())), tables, joined(named, List.of(more)), alike);
        }

        /** With networks that a file can't be told apart from. */
        public Files alike(Network... networks) {
            return new Files(read, written, tables, named, List.of(networks));
        }

        private static <T> List<T> joined(List<T> some, List<T> more) {
            List<T> all = new ArrayList<>(some);
            all.addAll(more);
            return all.stream().distinct().toList();
        }

        /** The names to write a layout with; empty if the layout has no network of this arithmetic. */
        Optional<LayerNames> names(NamingLayout layout) {
            if (!written.contains(layout)) {
                return Optional.empty();
            }
            LayerNames own = new LayerNames(layout, Map.of(), new LayerNames.Last("", "", ""), List.of());
            return Optional.of(joined(named, tables).stream()
                    .filter(names -> names.layout() == layout)
                    .findFirst()
                    .orElse(own));
        }
    }

    /**
     * The architecture with its network's name for people, {@code resnet18-cifar} for {@code RESNET18_CIFAR}.
     *
     * @param layers as above, of the name
     */
    static Architecture of(Network name, Files files, BiFunction<String, Integer, NetworkGraph> layers) {
        String title = name.name().toLowerCase(Locale.ROOT).replace('_', '-');
        return new Architecture(
                name, classes -> layers.apply(title, classes), files, Pixels.IMAGENET, Interpolation.BILINEAR);
    }

    /** The same, which wants other pixels than ImageNet's. */
    Architecture with(Pixels wanted) {
        return new Architecture(name, layers, files, wanted, interpolation);
    }

    /** The same, which wants images resized by the cubic filter. */
    Architecture bicubic() {
        return new Architecture(name, layers, files, pixels, Interpolation.BICUBIC);
    }
}
