package org.simreg.worker.network.family;

import java.util.ArrayList;
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
import org.simreg.worker.network.Op.ChannelScale;
import org.simreg.worker.network.Op.Convolution;
import org.simreg.worker.network.Op.GlobalAveragePool;
import org.simreg.worker.network.Op.LayerNorm;
import org.simreg.worker.network.Op.Linear;
import org.simreg.worker.network.family.Architecture.Files;

/**
 * ConvNeXt with timm's names; DINOv3's and torchvision's are the same network under other names. Its feature is the
 * normalised mean over height and width.
 *
 * @param name what people call it
 * @param depths blocks of the four stages
 * @param width channels of the first stage, which double with every stage
 * @param convolutions whether a block's two linear layers are convolutions of 1x1, as timm has them in the small sizes
 * @see <a href="https://arxiv.org/abs/2201.03545">Liu et al. 2022, section 2 and figure 4</a>
 */
record ConvNeXt(String name, int[] depths, int width, boolean convolutions) {
    private static final int STAGES = 4;

    /** Most blocks of a stage that tables have names for. */
    private static final int MOST_BLOCKS = 27;

    /** From atto, 3.4 million parameters, to large, 196 million. */
    static List<Architecture> all() {
        return List.of(
                small(Network.CONVNEXT_ATTO, 6, 40),
                small(Network.CONVNEXT_FEMTO, 6, 48),
                small(Network.CONVNEXT_PICO, 6, 64),
                small(Network.CONVNEXT_NANO, 8, 80),
                large(Network.CONVNEXT_TINY, 9, 96),
                large(Network.CONVNEXT_SMALL, 27, 96),
                large(Network.CONVNEXT_BASE, 27, 128),
                large(Network.CONVNEXT_LARGE, 27, 192));
    }

    private static Architecture small(Network network, int third, int width) {
        int[] depths = {2, 2, third, 2};
        return Architecture.of(
                        network,
                        Files.own(NamingLayout.TIMM),
                        (name, classes) -> new ConvNeXt(name, depths, width, true).network(classes))
                .bicubic();
    }

    private static Architecture large(Network network, int third, int width) {
        int[] depths = {3, 3, third, 3};
        return Architecture.of(
                        network,
                        Files.own(NamingLayout.TIMM).with(names()),
                        (name, classes) -> new ConvNeXt(name, depths, width, false).network(classes))
                .bicubic();
    }

    /**
     * @param classes width of {@code head.fc}, or 0 to end with the feature
     */
    private NetworkGraph network(int classes) {
        NetworkBuilder layers = new NetworkBuilder();
        int channels = width;
        int x = layers.add("stem.0", new Convolution(3, channels, 4, 4, 0, 1).biased(), NetworkBuilder.INPUT);
        x = norm(layers, "stem.1", x, channels);
        layers.stage("stem", x, channels);
        int blocks = depths[0] + depths[1] + depths[2] + depths[3];
        int before = 0;
        for (int stage = 0; stage < STAGES; stage++) {
            String place = "stages." + stage + ".";
            if (stage > 0) {
                x = norm(layers, place + "downsample.0", x, channels);
                x = layers.add(place + "downsample.1", new Convolution(channels, 2 * channels, 2, 2, 0, 1).biased(), x);
                channels *= 2;
            }
            for (int block = 0; block < depths[stage]; block++) {
                x = block(layers, place + "blocks." + block, x, channels, before++ / (blocks - 1.0));
            }
            layers.stage("stage" + (stage + 1), x, channels);
        }
        x = layers.add("head.pool", new GlobalAveragePool(), x);
        x = layers.add("head.norm", new LayerNorm(channels), x);
        layers.stage("last", x, channels);
        if (classes > 0) {
            layers.add("head.fc", new Linear(channels, classes), x);
        }
        return layers.network(name, 3, classes > 0 ? classes : channels).initialized(Initialization.NORMAL);
    }

    /** Normalisation over the channels of every pixel. */
    private static int norm(NetworkBuilder layers, String place, int input, int channels) {
        int x = layers.add(place + ".last", new Op.ChannelsLast(), input);
        x = layers.add(place, new LayerNorm(channels), x);
        return layers.add(place + ".first", new Op.ChannelsFirst(), x);
    }

    /**
     * @param part of the rate of drop path that its branch has
     */
    private int block(NetworkBuilder layers, String place, int input, int channels, double part) {
        Convolution depthwise = new Convolution(channels, channels, 7, 1, 3, channels);
        int x = layers.add(place + ".conv_dw", depthwise.biased(), input);
        x = layers.add(place + ".last", new Op.ChannelsLast(), x);
        x = layers.add(place + ".norm", new LayerNorm(channels), x);
        x = convolutions ? layers.add(place + ".first", new Op.ChannelsFirst(), x) : x;
        x = layers.add(place + ".mlp.fc1", pointwise(channels, 4 * channels), x);
        x = layers.add(place + ".mlp.act", new Op.Gelu(Op.Gelu.Form.EXACT), x);
        x = layers.add(place + ".mlp.fc2", pointwise(4 * channels, channels), x);
        x = convolutions ? x : layers.add(place + ".first", new Op.ChannelsFirst(), x);
        x = layers.add(place, new ChannelScale(channels), x);
        x = part > 0 ? layers.add(place + ".drop_path", new Op.DropPath(part), x) : x;
        return layers.sum(place + ".add", x, input);
    }

    private Op pointwise(int in, int out) {
        return convolutions ? new Convolution(in, out, 1, 1, 0, 1).biased() : new Linear(in, out);
    }

    private interface Place {
        /**
         * @param stage from 0
         * @param number of a block in it, or of a layer ahead of it
         */
        String of(int stage, int number);
    }

    /**
     * The names of a layout.
     *
     * @param ahead layers ahead of a stage: the stem or the normalisation and convolution that halve the size
     * @param block a block
     * @param layers its depthwise convolution, normalisation and linear layers
     * @param scale its factors
     * @param ones sizes of 1 that the shape of those has at its end
     */
    private record Names(Place ahead, Place block, List<String> layers, String scale, int ones) {
        private static final List<String> OURS = List.of("conv_dw", "norm", "mlp.fc1", "mlp.fc2");

        LayerNames table(NamingLayout layout, String norm, LayerNames.Last last) {
            Map<String, String> theirs = new LinkedHashMap<>();
            Map<String, LayerNames.Tensor> tensors = new LinkedHashMap<>();
            for (int stage = 0; stage < STAGES; stage++) {
                String place = "stages." + stage + ".";
                for (int i = 0; i < 2; i++) {
                    theirs.put(stage == 0 ? "stem." + i : place + "downsample." + i, ahead.of(stage, i));
                }
                for (int number = 0; number < MOST_BLOCKS; number++) {
                    String ours = place + "blocks." + number + ".";
                    String their = block.of(stage, number) + ".";
                    for (int i = 0; i < OURS.size(); i++) {
                        theirs.put(ours + OURS.get(i), their + layers.get(i));
                    }
                    tensors.put(ours + "gamma", new LayerNames.Tensor(their + scale, ones));
                }
            }
            theirs.put("head.norm", norm);
            List<String> signs = List.of("stem.0", "stem.1", "stages.0.blocks.0.conv_dw", "head.norm");
            return new LayerNames(layout, theirs, last, signs, tensors);
        }
    }

    /** The tables of all layouts but timm's; a stem's first layer is a convolution, those ahead of other stages end so. */
    private static List<LayerNames> names() {
        List<LayerNames> all = new ArrayList<>();
        all.add(new Names(
                        (stage, i) -> "features." + 2 * stage + "." + i,
                        (stage, block) -> "features." + (2 * stage + 1) + "." + block,
                        List.of("block.0", "block.2", "block.3", "block.5"),
                        "layer_scale",
                        2)
                .table(NamingLayout.TORCHVISION, "classifier.0", new LayerNames.Last("head.fc", "classifier.2", "")));
        all.add(new Names(
                        (stage, i) -> "downsample_layers." + stage + "." + i,
                        (stage, block) -> "stages." + stage + "." + block,
                        List.of("dwconv", "norm", "pwconv1", "pwconv2"),
                        "gamma",
                        0)
                .table(NamingLayout.AUTHORS, "norm", new LayerNames.Last("head.fc", "head", "")));
        all.add(new Names(
                        (stage, i) -> stage > 0
                                ? "encoder.stages." + stage + ".downsampling_layer." + i
                                : i == 0 ? "embeddings.patch_embeddings" : "embeddings.layernorm",
                        (stage, block) -> "encoder.stages." + stage + ".layers." + block,
                        List.of("dwconv", "layernorm", "pwconv1", "pwconv2"),
                        "layer_scale_parameter",
                        0)
                .table(
                        NamingLayout.HUGGINGFACE,
                        "layernorm",
                        new LayerNames.Last("head.fc", "classifier", "convnext.")));
        // DINOv3's class there; its published files, and what version 5 of the library has in memory.
        for (String prefix : List.of("", "model.")) {
            all.add(new Names(
                            (stage, i) -> prefix + "stages." + stage + ".downsample_layers." + i,
                            (stage, block) -> prefix + "stages." + stage + ".layers." + block,
                            List.of("depthwise_conv", "layer_norm", "pointwise_conv1", "pointwise_conv2"),
                            "gamma",
                            0)
                    .table(NamingLayout.HUGGINGFACE, "layer_norm", new LayerNames.Last("head.fc", "classifier", "")));
        }
        return all;
    }
}
