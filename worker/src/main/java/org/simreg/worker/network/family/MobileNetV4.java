package org.simreg.worker.network.family;

import java.util.List;
import org.simreg.proto.Network;
import org.simreg.worker.network.Initialization;
import org.simreg.worker.network.NamingLayout;
import org.simreg.worker.network.NetworkBuilder;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.Op;
import org.simreg.worker.network.Op.GlobalAveragePool;
import org.simreg.worker.network.Op.Linear;
import org.simreg.worker.network.Op.Relu;
import org.simreg.worker.network.Op.Sigmoid;
import org.simreg.worker.network.family.Architecture.Files;
import org.simreg.worker.network.family.InvertedResiduals.Block;
import org.simreg.worker.network.family.InvertedResiduals.Style;

/**
 * MobileNet-v4's convolutional networks of width 1 with timm's names. The feature goes through a layer behind the mean.
 *
 * @param stages rows of a stage's blocks, {@code KIND KERNELS STRIDE EXPANSION CHANNELS}: conv, fused, or universal with
 *     the kernels of its depthwise convolutions ahead of the expansion and behind it, 0 for none
 * @see <a href="https://arxiv.org/abs/2404.10518">Qin et al. 2024, tables 11 and 12</a>
 */
record MobileNetV4(List<List<String>> stages) {
    private static final int STEM = 32;
    private static final int LAST = 960;
    private static final int FEATURES = 1280;

    private static final MobileNetV4 SMALL = new MobileNetV4(List.of(
            List.of("conv 3 2 1 32", "conv 1 1 1 32"),
            List.of("conv 3 2 1 96", "conv 1 1 1 64"),
            List.of(
                    "universal 5,5 2 3 96",
                    "universal 0,3 1 2 96",
                    "universal 0,3 1 2 96",
                    "universal 0,3 1 2 96",
                    "universal 0,3 1 2 96",
                    "universal 3,0 1 4 96"),
            List.of(
                    "universal 3,3 2 6 128",
                    "universal 5,5 1 4 128",
                    "universal 0,5 1 4 128",
                    "universal 0,5 1 3 128",
                    "universal 0,3 1 4 128",
                    "universal 0,3 1 4 128"),
            List.of("conv 1 1 1 960")));

    private static final MobileNetV4 MEDIUM = new MobileNetV4(List.of(
            List.of("fused 3 2 4 48"),
            List.of("universal 3,5 2 4 80", "universal 3,3 1 2 80"),
            List.of(
                    "universal 3,5 2 6 160",
                    "universal 3,3 1 4 160",
                    "universal 3,3 1 4 160",
                    "universal 3,5 1 4 160",
                    "universal 3,3 1 4 160",
                    "universal 3,0 1 4 160",
                    "universal 0,0 1 2 160",
                    "universal 3,0 1 4 160"),
            List.of(
                    "universal 5,5 2 6 256",
                    "universal 5,5 1 4 256",
                    "universal 3,5 1 4 256",
                    "universal 3,5 1 4 256",
                    "universal 0,0 1 4 256",
                    "universal 3,0 1 4 256",
                    "universal 3,5 1 2 256",
                    "universal 5,5 1 4 256",
                    "universal 0,0 1 4 256",
                    "universal 0,0 1 4 256",
                    "universal 5,0 1 2 256"),
            List.of("conv 1 1 1 960")));

    /** Small and medium. */
    static List<Architecture> all() {
        return List.of(of(Network.MOBILENETV4_CONV_SMALL, SMALL), of(Network.MOBILENETV4_CONV_MEDIUM, MEDIUM));
    }

    private static Architecture of(Network network, MobileNetV4 sizes) {
        return Architecture.of(network, Files.own(NamingLayout.TIMM), (name, classes) -> sizes.build(name, classes))
                .bicubic();
    }

    /**
     * @param classes width of the classifier, or 0 to end with the feature
     */
    private NetworkGraph build(String name, int classes) {
        NetworkBuilder layers = new NetworkBuilder();
        InvertedResiduals blocks = new InvertedResiduals(layers, Style.plain(new Relu(), new Sigmoid()));
        Op relu = new Relu();
        int channels = STEM;
        int x = blocks.unit("conv_stem", "bn1", InvertedResiduals.spatial(3, channels, 3, 2, 1), relu, 0);
        layers.stage("stem", x, channels);
        int count = stages.stream().mapToInt(List::size).sum();
        int before = 0;
        for (int stage = 0; stage < stages.size(); stage++) {
            List<String> rows = stages.get(stage);
            for (int i = 0; i < rows.size(); i++) {
                String[] row = rows.get(i).split(" ");
                int out = Integer.parseInt(row[4]);
                double part = (double) before++ / count;
                x = block(blocks, "blocks." + stage + "." + i, new Sizes(row, channels, out, part), x);
                channels = out;
            }
            layers.stage("stage" + (stage + 1), x, channels);
        }
        x = layers.add("global_pool", new Op.SpatialMean(), x);
        x = blocks.unit("conv_head", "norm_head", InvertedResiduals.pointwise(LAST, FEATURES), relu, x);
        x = layers.add("flatten", new GlobalAveragePool(), x);
        layers.stage("last", x, FEATURES);
        if (classes > 0) {
            layers.add("classifier", new Linear(FEATURES, classes), x);
        }
        return layers.network(name, 3, classes > 0 ? classes : FEATURES).initialized(Initialization.FAN_OUT_OF_GROUP);
    }

    private record Sizes(String[] row, int in, int out, double part) {
        int kernel(int which) {
            return Integer.parseInt(row[1].split(",")[which]);
        }

        int stride() {
            return Integer.parseInt(row[2]);
        }

        Block block(int kernel) {
            int hidden = InvertedResiduals.roundedTo8(in * Integer.parseInt(row[3]));
            return new Block(in, kernel, stride(), hidden, out, 0, new Relu(), part);
        }
    }

    private static int block(InvertedResiduals blocks, String place, Sizes sizes, int input) {
        return switch (sizes.row[0]) {
            case "conv" ->
                blocks.unit(
                        place + ".conv",
                        place + ".bn1",
                        InvertedResiduals.spatial(sizes.in, sizes.out, sizes.kernel(0), sizes.stride(), 1),
                        new Relu(),
                        input);
            case "fused" -> blocks.fused(place, sizes.block(sizes.kernel(0)), input);
            default -> blocks.universal(place, sizes.block(sizes.kernel(1)), sizes.kernel(0), input);
        };
    }
}
