package org.simreg.worker.network.family;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.simreg.proto.Network;
import org.simreg.worker.network.LayerNames;
import org.simreg.worker.network.NamingLayout;
import org.simreg.worker.network.NetworkBuilder;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.Op;
import org.simreg.worker.network.Op.BatchNorm;
import org.simreg.worker.network.Op.Convolution;
import org.simreg.worker.network.Op.GlobalAveragePool;
import org.simreg.worker.network.Op.Linear;
import org.simreg.worker.network.Op.Relu6;
import org.simreg.worker.network.family.Architecture.Files;

/**
 * MobileNet-v2 of width 1 with torchvision's layout and names.
 *
 * @see <a href="https://arxiv.org/abs/1801.04381">Sandler et al. 2018, table 2</a>
 */
final class MobileNetV2 {
    private static final int FEATURES = 1280;

    /** Rows: expansion, channels, repetitions, first stride. */
    private static final int[][] STAGES = {
        {1, 16, 1, 1},
        {6, 24, 2, 2},
        {6, 32, 3, 2},
        {6, 64, 4, 2},
        {6, 96, 3, 1},
        {6, 160, 3, 2},
        {6, 320, 1, 1}
    };

    private final NetworkBuilder layers = new NetworkBuilder();

    /** TensorFlow's arithmetic: SAME padding in strided layers, 1e-3 added to variances. */
    private final boolean tensorFlow;

    private MobileNetV2(boolean tensorFlow) {
        this.tensorFlow = tensorFlow;
    }

    /** The network with torchvision's arithmetic and names, and that with TensorFlow's and Hugging Face's names. */
    static List<Architecture> all() {
        return List.of(
                Architecture.of(
                        Network.MOBILENET_V2,
                        Files.own(NamingLayout.TORCHVISION).with(names()).named(huggingFace()),
                        (name, classes) -> new MobileNetV2(false).build(name, classes)),
                Architecture.of(
                        Network.MOBILENET_V2_TF,
                        Files.own(NamingLayout.HUGGINGFACE),
                        (name, classes) -> huggingFace().renamed(new MobileNetV2(true).build(name, classes))));
    }

    /**
     * @param classes width of the classifier, or 0 to end with the pooled feature
     */
    private NetworkGraph build(String name, int classes) {
        int x = unit("features.0", NetworkBuilder.INPUT, new Convolution(3, 32, 3, 2, 1, 1));
        int channels = 32;
        int place = 1;
        layers.stage("stem", x, channels);
        for (int stage = 0; stage < STAGES.length; stage++) {
            int[] row = STAGES[stage];
            for (int i = 0; i < row[2]; i++) {
                int stride = i == 0 ? row[3] : 1;
                x = residual("features." + place, x, new Residual(channels, row[0], row[1], stride));
                channels = row[1];
                place++;
            }
            layers.stage("stage" + (stage + 1), x, channels);
        }
        x = unit("features." + place, x, new Convolution(channels, FEATURES, 1, 1, 0, 1));
        x = layers.add("avgpool", new GlobalAveragePool(), x);
        layers.stage("last", x, FEATURES);
        if (classes > 0) {
            layers.add("classifier.1", new Linear(FEATURES, classes), x);
        }
        return layers.network(name, 3, classes > 0 ? classes : FEATURES);
    }

    /**
     * An inverted residual block.
     *
     * @param expansion factor from {@code in} to the channels of the depthwise convolution
     * @param stride of the depthwise convolution
     */
    private record Residual(int in, int expansion, int out, int stride) {}

    private int residual(String place, int input, Residual block) {
        int hidden = block.in * block.expansion;
        String prefix = place + ".conv.";
        int x = input;
        int layer = 0;
        if (block.expansion != 1) {
            x = unit(prefix + layer++, x, new Convolution(block.in, hidden, 1, 1, 0, 1));
        }
        x = unit(prefix + layer++, x, new Convolution(hidden, hidden, 3, block.stride, 1, hidden));
        x = layers.add(prefix + layer++, new Convolution(hidden, block.out, 1, 1, 0, 1), x);
        x = layers.add(prefix + layer, norm(block.out), x);
        boolean shortcut = block.stride == 1 && block.in == block.out;
        return shortcut ? layers.sum(place + ".add", x, input) : x;
    }

    private int unit(String place, int input, Convolution convolution) {
        int x = layers.add(place + ".0", padded(convolution), input);
        x = layers.add(place + ".1", norm(convolution.out()), x);
        return layers.add(place + ".2", new Relu6(), x);
    }

    private Convolution padded(Convolution c) {
        boolean asNeeded = tensorFlow && c.stride() > 1;
        return asNeeded ? new Convolution(c.in(), c.out(), c.kernel(), c.stride(), Op.SAME, c.groups()) : c;
    }

    private BatchNorm norm(int channels) {
        return tensorFlow ? new BatchNorm(channels, 1e-3) : new BatchNorm(channels);
    }

    /** The tables of all layouts whose names differ from ours, but Hugging Face's, which stand for other arithmetic. */
    static List<LayerNames> names() {
        String[][] timm = {{"conv_pw", "bn1"}, {"conv_dw", "bn2"}, {"conv_pwl", "bn3"}};
        String[][] first = {{}, {"conv_dw", "bn1"}, {"conv_pw", "bn2"}};
        return List.of(
                names(
                        NamingLayout.TIMM,
                        (place, norm) -> place == 0 ? norm ? "bn1" : "conv_stem" : norm ? "bn2" : "conv_head",
                        (at, unit, norm) -> "blocks." + at.stage + "." + at.repetition + "."
                                + (at.stage == 0 ? first : timm)[unit][norm ? 1 : 0],
                        new LayerNames.Last("classifier.1", "classifier", "")),
                names(
                        NamingLayout.MMPRETRAIN,
                        (place, norm) -> (place == 0 ? "conv1." : "conv2.") + (norm ? "bn" : "conv"),
                        (at, unit, norm) -> "layer" + (at.stage + 1) + "." + at.repetition + ".conv."
                                + (at.stage == 0 ? unit - 1 : unit) + (norm ? ".bn" : ".conv"),
                        new LayerNames.Last("classifier.1", "head.fc", "backbone.")),
                names(
                        NamingLayout.SEQUENTIAL,
                        (place, norm) -> place + (norm ? ".1" : ".0"),
                        (at, unit, norm) -> ours(at, unit, norm).substring("features.".length()),
                        new LayerNames.Last("classifier.1", "1.1", "0.")));
    }

    /** The table of Hugging Face's names. */
    static LayerNames huggingFace() {
        String[] units = {"expand_1x1", "conv_3x3", "reduce_1x1"};
        return names(
                NamingLayout.HUGGINGFACE,
                (place, norm) ->
                        (place == 0 ? "conv_stem.first_conv." : "conv_1x1.") + (norm ? "normalization" : "convolution"),
                (at, unit, norm) -> (at.place == 1 ? "conv_stem." : "layer." + (at.place - 2) + ".")
                        + units[unit]
                        + (norm ? ".normalization" : ".convolution"),
                new LayerNames.Last("classifier.1", "classifier", "mobilenet_v2."));
    }

    /**
     * The place of a residual block.
     *
     * @param place among all, from 1
     */
    private record BlockPlace(int stage, int repetition, int place) {}

    private interface AtEnds {
        /**
         * @param place that of the first convolution, 0, or of the last one
         */
        String name(int place, boolean norm);
    }

    private interface InBlock {
        /**
         * @param unit 0: the expansion, 1: the depthwise convolution, 2: the projection
         */
        String name(BlockPlace block, int unit, boolean norm);
    }

    private static LayerNames names(NamingLayout layout, AtEnds atEnds, InBlock inBlock, LayerNames.Last last) {
        Map<String, String> theirs = new LinkedHashMap<>();
        int place = 1;
        for (int stage = 0; stage < STAGES.length; stage++) {
            for (int i = 0; i < STAGES[stage][2]; i++) {
                BlockPlace block = new BlockPlace(stage, i, place++);
                for (int unit = stage == 0 ? 1 : 0; unit < 3; unit++) {
                    theirs.put(ours(block, unit, false), inBlock.name(block, unit, false));
                    theirs.put(ours(block, unit, true), inBlock.name(block, unit, true));
                }
            }
        }
        for (int end : new int[] {0, place}) {
            theirs.put("features." + end + ".0", atEnds.name(end, false));
            theirs.put("features." + end + ".1", atEnds.name(end, true));
        }
        return new LayerNames(layout, theirs, last, List.of("features.0.0", "features.1.conv.0.0"));
    }

    private static String ours(BlockPlace block, int unit, boolean norm) {
        int number = block.stage == 0 ? unit - 1 : unit;
        String prefix = "features." + block.place + ".conv.";
        return unit == 2 ? prefix + (norm ? number + 1 : number) : prefix + number + (norm ? ".1" : ".0");
    }
}
