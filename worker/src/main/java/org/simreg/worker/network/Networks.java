package org.simreg.worker.network;

import org.simreg.proto.Network;

/** The known network architectures by name. */
public final class Networks {
    private Networks() {}

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
            case RESNET50X2 -> resnet50("resnet50x2", 2, false).network(classes);
            case RESNET50X4 -> resnet50("resnet50x4", 4, false).network(classes);
            case RESNET50_BYOL -> resnet50("resnet50-byol", 1, true).network(classes);
            case MOBILENET_V2 -> MobileNetV2.network(classes);
            case UNRECOGNIZED -> throw new IllegalArgumentException("a network of a newer version");
        };
    }

    private static ResNet resnet(String name, boolean bottleneck, int... blocks) {
        return new ResNet(name, blocks, bottleneck, 1, false);
    }

    private static ResNet resnet50(String name, int width, boolean same) {
        return new ResNet(name, new int[] {3, 4, 6, 3}, true, width, same);
    }
}
