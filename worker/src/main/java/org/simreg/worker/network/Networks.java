package org.simreg.worker.network;

import static org.simreg.worker.network.VisionTransformer.dino;
import static org.simreg.worker.network.VisionTransformer.dinoV2;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.simreg.proto.Network;
import org.simreg.worker.network.VisionTransformer.Size;

/** The known network architectures by name. */
public final class Networks {
    private static final List<LayerNames> NAMES =
            Stream.concat(ResNet.names().stream(), MobileNetV2.names().stream()).toList();

    private Networks() {}

    /** All of them. */
    public static List<Network> all() {
        return Arrays.stream(Network.values())
                .filter(name -> name != Network.AUTO && name != Network.UNRECOGNIZED)
                .toList();
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
    public static Optional<LayerNames> names(Network network, Layout layout) {
        LayerNames own = new LayerNames(layout, Map.of(), new LayerNames.Last("", "", ""), List.of());
        return switch (network) {
            case MOBILENET_V2 ->
                layout == Layout.HUGGINGFACE
                        ? Optional.of(MobileNetV2.huggingFace())
                        : Optional.of(table(MobileNetV2.names(), layout).orElse(own));
            case MOBILENET_V2_TF -> layout == Layout.HUGGINGFACE ? Optional.of(own) : Optional.empty();
            case RESNET18, RESNET34, RESNET50, RESNET101, RESNET50X2, RESNET50X4 ->
                Optional.of(table(ResNet.names(), layout).orElse(own));
            case RESNET50_BYOL,
                    RESNET18_CIFAR,
                    RESNET34_CIFAR,
                    RESNET50_CIFAR,
                    RESNET18_CIFAR_PAD2,
                    RESNET50_CIFAR_PAD2 -> layout == Layout.HUGGINGFACE ? Optional.empty() : Optional.of(own);
            case DINO_VITS16, DINO_VITS8, DINO_VITB16, DINO_VITB8, DINOV2_VITS14, DINOV2_VITB14, DINOV2_VITL14 ->
                layout == Layout.TIMM ? Optional.of(own) : Optional.empty();
            default -> Optional.empty();
        };
    }

    /** The layouts of weights that are read as a network, by its own names or by a table. */
    public static List<Layout> read(Network network) {
        return switch (network) {
            case MOBILENET_V2 -> layouts(Layout.TORCHVISION, MobileNetV2.names());
            case MOBILENET_V2_TF -> List.of(Layout.HUGGINGFACE);
            case DINO_VITS16,
                    DINO_VITS8,
                    DINO_VITB16,
                    DINO_VITB8,
                    DINOV2_VITS14,
                    DINOV2_VITB14,
                    DINOV2_VITL14,
                    DINOV2_VITS14_REG,
                    DINOV2_VITB14_REG,
                    DINOV2_VITL14_REG -> List.of(Layout.TIMM, Layout.HUGGINGFACE);
            default -> {
                List<Layout> all = new ArrayList<>(layouts(Layout.TORCHVISION, ResNet.names()));
                all.add(1, Layout.TIMM);
                yield all;
            }
        };
    }

    private static List<Layout> layouts(Layout own, List<LayerNames> tables) {
        return Stream.concat(Stream.of(own), tables.stream().map(LayerNames::layout))
                .distinct()
                .toList();
    }

    /** The layouts that a network can be exported in. */
    public static List<Layout> written(Network network) {
        return Arrays.stream(Layout.values())
                .filter(layout -> layout.isWritten() && names(network, layout).isPresent())
                .toList();
    }

    /** The networks of the same names and shapes as one, but of other arithmetic; a file can't tell them apart. */
    public static List<Network> alike(Network network) {
        return switch (network) {
            case RESNET50 -> List.of(Network.RESNET50_BYOL);
            case RESNET18_CIFAR -> List.of(Network.RESNET18_CIFAR_PAD2);
            case RESNET50_CIFAR -> List.of(Network.RESNET50_CIFAR_PAD2);
            default -> List.of();
        };
    }

    private static Optional<LayerNames> table(List<LayerNames> tables, Layout layout) {
        return tables.stream().filter(names -> names.layout() == layout).findFirst();
    }

    /** The network up to its pooled feature (N, D). */
    public static NetworkGraph backbone(Network name) {
        return of(name, 0);
    }

    /**
     * The network with its last linear layer ({@code fc}, {@code classifier.1}).
     *
     * @param classes width of that layer, at least 1
     */
    public static NetworkGraph classifier(Network name, int classes) {
        return of(name, classes);
    }

    private static NetworkGraph of(Network name, int classes) {
        return switch (name) {
            case RESNET18 -> resnet("resnet18", false, 2, 2, 2, 2).network(classes);
            case RESNET34 -> resnet("resnet34", false, 3, 4, 6, 3).network(classes);
            case RESNET50 -> resnet("resnet50", true, 3, 4, 6, 3).network(classes);
            case RESNET101 -> resnet("resnet101", true, 3, 4, 23, 3).network(classes);
            case RESNET50X2 -> resnet50("resnet50x2", 2).network(classes);
            case RESNET50X4 -> resnet50("resnet50x4", 4).network(classes);
            case RESNET50_BYOL ->
                new ResNet("resnet50-byol", new int[] {3, 4, 6, 3}, true, 1, ResNet.Form.SAME_PADDED).network(classes);
            case RESNET18_CIFAR -> small("resnet18-cifar", false, 2, 2, 2, 2).network(classes);
            case RESNET34_CIFAR -> small("resnet34-cifar", false, 3, 4, 6, 3).network(classes);
            case RESNET50_CIFAR -> small("resnet50-cifar", true, 3, 4, 6, 3).network(classes);
            case RESNET18_CIFAR_PAD2 ->
                padded("resnet18-cifar-pad2", false, 2, 2, 2, 2).network(classes);
            case RESNET50_CIFAR_PAD2 ->
                padded("resnet50-cifar-pad2", true, 3, 4, 6, 3).network(classes);
            case MOBILENET_V2 -> MobileNetV2.network(classes);
            case MOBILENET_V2_TF -> MobileNetV2.tensorFlow(classes);
            case DINO_VITS16 -> dino("dino-vits16", Size.SMALL, 16).network(classes);
            case DINO_VITS8 -> dino("dino-vits8", Size.SMALL, 8).network(classes);
            case DINO_VITB16 -> dino("dino-vitb16", Size.BASE, 16).network(classes);
            case DINO_VITB8 -> dino("dino-vitb8", Size.BASE, 8).network(classes);
            case DINOV2_VITS14 -> dinoV2("dinov2-vits14", Size.SMALL, false).network(classes);
            case DINOV2_VITB14 -> dinoV2("dinov2-vitb14", Size.BASE, false).network(classes);
            case DINOV2_VITL14 -> dinoV2("dinov2-vitl14", Size.LARGE, false).network(classes);
            case DINOV2_VITS14_REG ->
                dinoV2("dinov2-vits14-reg", Size.SMALL, true).network(classes);
            case DINOV2_VITB14_REG ->
                dinoV2("dinov2-vitb14-reg", Size.BASE, true).network(classes);
            case DINOV2_VITL14_REG ->
                dinoV2("dinov2-vitl14-reg", Size.LARGE, true).network(classes);
            case AUTO -> throw new IllegalArgumentException("a network that is still to be recognised");
            case UNRECOGNIZED -> throw new IllegalArgumentException("a network of a newer version");
        };
    }

    private static ResNet resnet(String name, boolean bottleneck, int... blocks) {
        return new ResNet(name, blocks, bottleneck, 1, ResNet.Form.PLAIN);
    }

    private static ResNet resnet50(String name, int width) {
        return new ResNet(name, new int[] {3, 4, 6, 3}, true, width, ResNet.Form.PLAIN);
    }

    private static ResNet small(String name, boolean bottleneck, int... blocks) {
        return new ResNet(name, blocks, bottleneck, 1, ResNet.Form.SMALL_IMAGES);
    }

    private static ResNet padded(String name, boolean bottleneck, int... blocks) {
        return new ResNet(name, blocks, bottleneck, 1, ResNet.Form.SMALL_IMAGES_PADDED);
    }
}
