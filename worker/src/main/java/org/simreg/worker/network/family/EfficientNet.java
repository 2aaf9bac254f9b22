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
import org.simreg.worker.network.Op.BatchNorm;
import org.simreg.worker.network.Op.GlobalAveragePool;
import org.simreg.worker.network.Op.Linear;
import org.simreg.worker.network.Op.Sigmoid;
import org.simreg.worker.network.Op.Silu;
import org.simreg.worker.network.family.Architecture.Files;
import org.simreg.worker.network.family.InvertedResiduals.Block;
import org.simreg.worker.network.family.InvertedResiduals.Style;

/**
 * EfficientNet-B0 with timm's names.
 *
 * @see <a href="https://arxiv.org/abs/1905.11946">Tan and Le 2019, table 1</a>
 */
final class EfficientNet {
    private static final int FEATURES = 1280;

    /** Rows: kernel, first stride, expansion, channels, repetitions. */
    private static final int[][] STAGES = {
        {3, 1, 1, 16, 1},
        {3, 2, 6, 24, 2},
        {5, 2, 6, 40, 2},
        {3, 2, 6, 80, 3},
        {5, 1, 6, 112, 3},
        {5, 2, 6, 192, 4},
        {3, 1, 6, 320, 1}
    };

    private static final int BLOCKS = 16;

    private EfficientNet() {}

    /** The network with PyTorch's arithmetic (timm, torchvision), and that with TensorFlow's and Hugging Face's names. */
    static List<Architecture> all() {
        Style plain = Style.plain(new Silu(), new Sigmoid());
        Style tensorFlow = new Style(new Silu(), new Sigmoid(), 1e-3, BatchNorm.MOMENTUM, true);
        return List.of(
                Architecture.of(
                                Network.EFFICIENTNET_B0,
                                Files.own(NamingLayout.TIMM)
                                        .with(List.of(torchvision()))
                                        .alike(Network.EFFICIENTNET_B0_TF),
                                (name, classes) -> build(name, plain, classes))
                        .bicubic(),
                Architecture.of(
                                Network.EFFICIENTNET_B0_TF,
                                Files.own(NamingLayout.HUGGINGFACE).named(ofTensorFlow()),
                                (name, classes) -> huggingFace().renamed(build(name, tensorFlow, classes)))
                        .bicubic());
    }

    /**
     * @param classes width of the classifier, or 0 to end with the pooled feature
     */
    private static NetworkGraph build(String name, Style style, int classes) {
        NetworkBuilder layers = new NetworkBuilder();
        InvertedResiduals blocks = new InvertedResiduals(layers, style);
        Op silu = new Silu();
        int channels = 32;
        int x = blocks.unit("conv_stem", "bn1", InvertedResiduals.spatial(3, channels, 3, 2, 1), silu, 0);
        layers.stage("stem", x, channels);
        int before = 0;
        for (int stage = 0; stage < STAGES.length; stage++) {
            int[] row = STAGES[stage];
            for (int i = 0; i < row[4]; i++) {
                int stride = i == 0 ? row[1] : 1;
                double part = (double) before++ / BLOCKS;
                Block block = new Block(channels, row[0], stride, channels * row[2], row[3], channels / 4, silu, part);
                String place = "blocks." + stage + "." + i;
                x = stage == 0 ? blocks.separable(place, block, x) : blocks.residual(place, block, x);
                channels = row[3];
            }
            layers.stage("stage" + (stage + 1), x, channels);
        }
        x = blocks.unit("conv_head", "bn2", InvertedResiduals.pointwise(channels, FEATURES), silu, x);
        x = layers.add("global_pool", new GlobalAveragePool(), x);
        layers.stage("last", x, FEATURES);
        if (classes > 0) {
            layers.add("classifier", new Linear(FEATURES, classes), x);
        }
        return layers.network(name, 3, classes > 0 ? classes : FEATURES).initialized(Initialization.FAN_OUT_OF_GROUP);
    }

    /** Torchvision's names: a stage's blocks by number, a block's layers by number. */
    private static LayerNames torchvision() {
        String[] ends = {"features.0.0", "features.0.1", "features.8.0", "features.8.1"};
        return names(
                NamingLayout.TORCHVISION,
                ends,
                new LayerNames.Last("classifier", "classifier.1", ""),
                (at, unit, part) -> {
                    int number = at.stage == 0 ? unit - 1 : unit;
                    String place = "features." + (at.stage + 1) + "." + at.repetition + ".block." + number + ".";
                    return place + (unit == 2 ? part == 0 ? "fc1" : "fc2" : String.valueOf(part));
                });
    }

    private static LayerNames huggingFace() {
        String[] ends = {"embeddings.convolution", "embeddings.batchnorm", "encoder.top_conv", "encoder.top_bn"};
        String[][] units = {
            {"expansion.expand_conv", "expansion.expand_bn"},
            {"depthwise_conv.depthwise_conv", "depthwise_conv.depthwise_norm"},
            {"squeeze_excite.reduce", "squeeze_excite.expand"},
            {"projection.project_conv", "projection.project_bn"}
        };
        return names(
                NamingLayout.HUGGINGFACE,
                ends,
                new LayerNames.Last("classifier", "classifier", "efficientnet."),
                (at, unit, part) -> "encoder.blocks." + at.place + "." + units[unit][part]);
    }

    /** The names of timm's port of TensorFlow's weights, as names of the network that Hugging Face has. */
    private static LayerNames ofTensorFlow() {
        LayerNames theirs = huggingFace();
        Map<String, String> ours = new LinkedHashMap<>();
        theirs.theirs().forEach((timm, their) -> ours.put(their, timm));
        List<String> signs = theirs.signs().stream().map(theirs::theirs).toList();
        return new LayerNames(NamingLayout.TIMM, ours, new LayerNames.Last("classifier", "classifier", ""), signs);
    }

    /**
     * The place of a block.
     *
     * @param place among all, from 0
     */
    private record BlockPlace(int stage, int repetition, int place) {}

    private interface InBlock {
        /**
         * @param unit 0: the expansion, 1: the depthwise convolution, 2: squeeze-and-excitation, 3: the projection
         * @param part 0: its convolution, 1: its normalisation; of squeeze-and-excitation the two layers
         */
        String name(BlockPlace block, int unit, int part);
    }

    private static LayerNames names(NamingLayout layout, String[] ends, LayerNames.Last last, InBlock inBlock) {
        String[][] first = {{}, {"conv_dw", "bn1"}, {"se.conv_reduce", "se.conv_expand"}, {"conv_pw", "bn2"}};
        String[][] other = {
            {"conv_pw", "bn1"}, {"conv_dw", "bn2"}, {"se.conv_reduce", "se.conv_expand"}, {"conv_pwl", "bn3"}
        };
        Map<String, String> theirs = new LinkedHashMap<>();
        List<String> ours = List.of("conv_stem", "bn1", "conv_head", "bn2");
        for (int i = 0; i < ends.length; i++) {
            theirs.put(ours.get(i), ends[i]);
        }
        int place = 0;
        for (int stage = 0; stage < STAGES.length; stage++) {
            for (int i = 0; i < STAGES[stage][4]; i++) {
                BlockPlace at = new BlockPlace(stage, i, place++);
                String[][] units = stage == 0 ? first : other;
                for (int unit = stage == 0 ? 1 : 0; unit < units.length; unit++) {
                    for (int part = 0; part < 2; part++) {
                        String our = "blocks." + stage + "." + i + "." + units[unit][part];
                        theirs.put(our, inBlock.name(at, unit, part));
                    }
                }
            }
        }
        return new LayerNames(layout, theirs, last, List.of("conv_stem", "blocks.0.0.conv_dw"));
    }
}
