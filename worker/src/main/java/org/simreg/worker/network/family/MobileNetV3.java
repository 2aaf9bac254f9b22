package org.simreg.worker.network.family;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.simreg.proto.Network;
import org.simreg.worker.network.Initialization;
import org.simreg.worker.network.LayerNames;
import org.simreg.worker.network.NamingLayout;
import org.simreg.worker.network.NetworkBuilder;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.Op;
import org.simreg.worker.network.Op.GlobalAveragePool;
import org.simreg.worker.network.Op.HardSigmoid;
import org.simreg.worker.network.Op.HardSwish;
import org.simreg.worker.network.Op.Linear;
import org.simreg.worker.network.Op.Relu;
import org.simreg.worker.network.family.Architecture.Files;
import org.simreg.worker.network.family.InvertedResiduals.Block;
import org.simreg.worker.network.family.InvertedResiduals.Style;

/**
 * MobileNet-v3, small and large, of width 1, as torchvision and as timm compute it. Torchvision's feature is the mean
 * of the last convolution; timm's goes through a layer more, which torchvision has in its classifier.
 *
 * @param rows of blocks
 * @param last channels of the last convolution
 * @param hidden channels of the layer behind the mean
 * @see <a href="https://arxiv.org/abs/1905.02244">Howard et al. 2019, tables 1 and 2</a>
 */
record MobileNetV3(List<MobileNetV3.Row> rows, int last, int hidden) {
    /**
     * A row of the paper's tables.
     *
     * @param stage to which its block belongs in timm's names
     * @param squeezed whether it has squeeze-and-excitation
     * @param hard whether its activation is hard-swish; otherwise ReLU
     */
    record Row(int stage, int kernel, int hidden, int out, boolean squeezed, boolean hard, int stride) {
        /** {@code stage kernel hidden out SE|- HS|RE stride}. */
        static Row of(String text) {
            String[] words = text.split(" ");
            return new Row(
                    Integer.parseInt(words[0]),
                    Integer.parseInt(words[1]),
                    Integer.parseInt(words[2]),
                    Integer.parseInt(words[3]),
                    words[4].equals("SE"),
                    words[5].equals("HS"),
                    Integer.parseInt(words[6]));
        }
    }

    private static final MobileNetV3 SMALL = of(
            576,
            1024,
            "0 3 16 16 SE RE 2",
            "1 3 72 24 - RE 2",
            "1 3 88 24 - RE 1",
            "2 5 96 40 SE HS 2",
            "2 5 240 40 SE HS 1",
            "2 5 240 40 SE HS 1",
            "3 5 120 48 SE HS 1",
            "3 5 144 48 SE HS 1",
            "4 5 288 96 SE HS 2",
            "4 5 576 96 SE HS 1",
            "4 5 576 96 SE HS 1");

    private static final MobileNetV3 LARGE = of(
            960,
            1280,
            "0 3 16 16 - RE 1",
            "1 3 64 24 - RE 2",
            "1 3 72 24 - RE 1",
            "2 5 72 40 SE RE 2",
            "2 5 120 40 SE RE 1",
            "2 5 120 40 SE RE 1",
            "3 3 240 80 - HS 2",
            "3 3 200 80 - HS 1",
            "3 3 184 80 - HS 1",
            "3 3 184 80 - HS 1",
            "4 3 480 112 SE HS 1",
            "4 3 672 112 SE HS 1",
            "5 5 672 160 SE HS 2",
            "5 5 960 160 SE HS 1",
            "5 5 960 160 SE HS 1");

    private static MobileNetV3 of(int last, int hidden, String... rows) {
        return new MobileNetV3(List.of(rows).stream().map(Row::of).toList(), last, hidden);
    }

    /** Both sizes, with torchvision's arithmetic and names, and with timm's. */
    static List<Architecture> all() {
        return List.of(
                torchvision(Network.MOBILENETV3_SMALL, SMALL),
                torchvision(Network.MOBILENETV3_LARGE, LARGE),
                timm(Network.MOBILENETV3_SMALL_TIMM, SMALL),
                timm(Network.MOBILENETV3_LARGE_TIMM, LARGE));
    }

    private static Architecture torchvision(Network network, MobileNetV3 sizes) {
        Style style = new Style(new Relu(), new HardSigmoid(), 1e-3, 0.01, false);
        return Architecture.of(
                network,
                Files.own(NamingLayout.TORCHVISION),
                (name, classes) -> sizes.names()
                        .renamed(sizes.build(name, style, classes, false))
                        .initialized(Initialization.FAN_OUT));
    }

    private static Architecture timm(Network network, MobileNetV3 sizes) {
        Style style = Style.plain(new Relu(), new HardSigmoid());
        return Architecture.of(
                        network,
                        Files.own(NamingLayout.TIMM),
                        (name, classes) ->
                                sizes.build(name, style, classes, true).initialized(Initialization.FAN_OUT_OF_GROUP))
                .bicubic();
    }

    /**
     * @param classes width of the last linear layer, or 0 to end with the feature
     * @param deep whether the layer behind the mean belongs to the feature
     */
    private NetworkGraph build(String name, Style style, int classes, boolean deep) {
        NetworkBuilder layers = new NetworkBuilder();
        InvertedResiduals blocks = new InvertedResiduals(layers, style);
        Op swish = new HardSwish();
        int channels = 16;
        int x = blocks.unit("conv_stem", "bn1", InvertedResiduals.spatial(3, channels, 3, 2, 1), swish, 0);
        layers.stage("stem", x, channels);
        for (int i = 0; i < rows.size(); i++) {
            Row row = rows.get(i);
            int squeeze = row.squeezed ? InvertedResiduals.roundedTo8(row.hidden / 4.0) : 0;
            Op activation = row.hard ? swish : new Relu();
            // Torchvision's has no drop path; timm counts the last convolution as a block too.
            double part = deep ? i / (rows.size() + 1.0) : 0;
            Block block = new Block(channels, row.kernel, row.stride, row.hidden, row.out, squeeze, activation, part);
            x = i == 0 ? blocks.separable(place(i), block, x) : blocks.residual(place(i), block, x);
            channels = row.out;
            if (i + 1 == rows.size() || rows.get(i + 1).stage > row.stage) {
                layers.stage("stage" + (row.stage + 1), x, channels);
            }
        }
        String end = "blocks." + (rows.get(rows.size() - 1).stage + 1) + ".0.";
        x = blocks.unit(end + "conv", end + "bn1", InvertedResiduals.pointwise(channels, last), swish, x);
        if (!deep) {
            x = layers.add("global_pool", new GlobalAveragePool(), x);
            layers.stage("last", x, last);
            return classifier(layers, name, x, classes);
        }
        x = layers.add("global_pool", new Op.SpatialMean(), x);
        x = layers.add("conv_head", InvertedResiduals.pointwise(last, hidden).biased(), x);
        x = layers.add("act2", swish, x);
        x = layers.add("flatten", new GlobalAveragePool(), x);
        layers.stage("last", x, hidden);
        if (classes > 0) {
            layers.add("classifier", new Linear(hidden, classes), x);
        }
        return layers.network(name, 3, classes > 0 ? classes : hidden);
    }

    /** Torchvision's, of two layers. */
    private NetworkGraph classifier(NetworkBuilder layers, String name, int feature, int classes) {
        if (classes > 0) {
            int x = layers.add("classifier.0", new Linear(last, hidden), feature);
            x = layers.add("classifier.1", new HardSwish(), x);
            layers.add("classifier.3", new Linear(hidden, classes), x);
        }
        return layers.network(name, 3, classes > 0 ? classes : last);
    }

    /** A block's place in timm's names. */
    private String place(int block) {
        int repetition = 0;
        while (repetition < block && rows.get(block - repetition - 1).stage == rows.get(block).stage) {
            repetition++;
        }
        return "blocks." + rows.get(block).stage + "." + repetition;
    }

    /** Torchvision's names by timm's. */
    private LayerNames names() {
        Map<String, String> theirs = new LinkedHashMap<>();
        theirs.put("conv_stem", "features.0.0");
        theirs.put("bn1", "features.0.1");
        for (int i = 0; i < rows.size(); i++) {
            String our = place(i) + ".";
            String their = "features." + (i + 1) + ".block.";
            String[] units =
                    i == 0 ? new String[] {"conv_dw", "conv_pw"} : new String[] {"conv_pw", "conv_dw", "conv_pwl"};
            int number = 0;
            for (int unit = 0; unit < units.length; unit++) {
                if (unit == units.length - 1 && rows.get(i).squeezed) {
                    theirs.put(our + "se.conv_reduce", their + number + ".fc1");
                    theirs.put(our + "se.conv_expand", their + number++ + ".fc2");
                }
                theirs.put(our + units[unit], their + number + ".0");
                theirs.put(our + "bn" + (unit + 1), their + number++ + ".1");
            }
        }
        String end = "blocks." + (rows.get(rows.size() - 1).stage + 1) + ".0.";
        theirs.put(end + "conv", "features." + (rows.size() + 1) + ".0");
        theirs.put(end + "bn1", "features." + (rows.size() + 1) + ".1");
        return new LayerNames(
                NamingLayout.TORCHVISION,
                theirs,
                new LayerNames.Last("classifier.3", "classifier.3", ""),
                List.of("conv_stem"));
    }
}
