package org.simreg.worker.network.family;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
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
import org.simreg.worker.network.Op.MaxPool;
import org.simreg.worker.network.Op.Relu;
import org.simreg.worker.network.family.Architecture.Files;

/**
 * A residual network with torchvision's layout and names.
 *
 * @param name what people call it
 * @param blocks residual blocks of the four stages
 * @param bottleneck blocks of 1x1, 3x3, 1x1 convolutions that widen four times, instead of two 3x3
 * @param width factor on every channel count (SimCLR's 50x2 and 50x4)
 * @param form what differs beside the sizes
 * @see <a href="https://arxiv.org/abs/1512.03385">He et al. 2015, table 1</a>
 */
record ResNet(String name, int[] blocks, boolean bottleneck, int width, ResNet.Form form) {
    /** A variant of the same layers and names. */
    enum Form {
        /** torchvision's. */
        PLAIN,
        /** TensorFlow's SAME padding in every strided layer (the published BYOL weights). */
        SAME_PADDED,
        /** For images of about 32 px: a first convolution of 3x3 without stride, no max-pool. */
        SMALL_IMAGES,
        /** That with two pixels of padding in the first convolution, as solo-learn has it. */
        SMALL_IMAGES_PADDED
    }

    private static final int[] PLANES = {64, 128, 256, 512};
    private static final int[] TEN = {1, 1, 1, 1};
    private static final int[] EIGHTEEN = {2, 2, 2, 2};
    private static final int[] THIRTY_FOUR = {3, 4, 6, 3};
    private static final int[] HUNDRED_AND_ONE = {3, 4, 23, 3};

    /** The family. */
    static List<Architecture> all() {
        Files plain = Files.own(NamingLayout.TORCHVISION, NamingLayout.TIMM).with(names());
        Files other = plain.notWritten(NamingLayout.HUGGINGFACE);
        return List.of(
                Architecture.of(
                        Network.RESNET10,
                        plain,
                        (name, classes) -> basic(name, TEN, Form.PLAIN).network(classes)),
                Architecture.of(
                        Network.RESNET18,
                        plain,
                        (name, classes) -> basic(name, EIGHTEEN, Form.PLAIN).network(classes)),
                Architecture.of(
                        Network.RESNET34,
                        plain,
                        (name, classes) -> basic(name, THIRTY_FOUR, Form.PLAIN).network(classes)),
                Architecture.of(
                        Network.RESNET50,
                        plain.alike(Network.RESNET50_BYOL),
                        (name, classes) ->
                                bottleneck(name, THIRTY_FOUR, Form.PLAIN).network(classes)),
                Architecture.of(
                        Network.RESNET101,
                        plain,
                        (name, classes) ->
                                bottleneck(name, HUNDRED_AND_ONE, Form.PLAIN).network(classes)),
                Architecture.of(
                        Network.RESNET50X2,
                        plain,
                        (name, classes) -> wide(name, 2).network(classes)),
                Architecture.of(
                        Network.RESNET50X4,
                        plain,
                        (name, classes) -> wide(name, 4).network(classes)),
                Architecture.of(
                        Network.RESNET50_BYOL,
                        other,
                        (name, classes) ->
                                bottleneck(name, THIRTY_FOUR, Form.SAME_PADDED).network(classes)),
                Architecture.of(
                        Network.RESNET18_CIFAR,
                        other.alike(Network.RESNET18_CIFAR_PAD2),
                        (name, classes) ->
                                basic(name, EIGHTEEN, Form.SMALL_IMAGES).network(classes)),
                Architecture.of(
                        Network.RESNET34_CIFAR,
                        other,
                        (name, classes) ->
                                basic(name, THIRTY_FOUR, Form.SMALL_IMAGES).network(classes)),
                Architecture.of(
                        Network.RESNET50_CIFAR,
                        other.alike(Network.RESNET50_CIFAR_PAD2),
                        (name, classes) ->
                                bottleneck(name, THIRTY_FOUR, Form.SMALL_IMAGES).network(classes)),
                Architecture.of(
                        Network.RESNET18_CIFAR_PAD2,
                        other,
                        (name, classes) ->
                                basic(name, EIGHTEEN, Form.SMALL_IMAGES_PADDED).network(classes)),
                Architecture.of(
                        Network.RESNET50_CIFAR_PAD2,
                        other,
                        (name, classes) -> bottleneck(name, THIRTY_FOUR, Form.SMALL_IMAGES_PADDED)
                                .network(classes)));
    }

    private static ResNet basic(String name, int[] blocks, Form form) {
        return new ResNet(name, blocks, false, 1, form);
    }

    private static ResNet bottleneck(String name, int[] blocks, Form form) {
        return new ResNet(name, blocks, true, 1, form);
    }

    private static ResNet wide(String name, int width) {
        return new ResNet(name, THIRTY_FOUR, true, width, Form.PLAIN);
    }

    /**
     * @param classes width of {@code fc}, or 0 to end with the pooled feature
     */
    NetworkGraph network(int classes) {
        NetworkBuilder layers = new NetworkBuilder();
        int stem = PLANES[0] * width;
        boolean small = form == Form.SMALL_IMAGES || form == Form.SMALL_IMAGES_PADDED;
        Convolution first =
                small ? convolution(3, stem, 3, 1, form == Form.SMALL_IMAGES ? 1 : 2) : convolution(3, stem, 7, 2, 3);
        int x = layers.add("conv1", first, NetworkBuilder.INPUT);
        x = layers.add("bn1", new BatchNorm(stem), x);
        x = layers.add("relu", new Relu(), x);
        if (!small) {
            x = layers.add("maxpool", new MaxPool(3, 2, form == Form.SAME_PADDED ? Op.SAME : 1), x);
        }
        layers.stage("stem", x, stem);
        int channels = stem;
        for (int stage = 0; stage < 4; stage++) {
            int planes = PLANES[stage] * width;
            for (int block = 0; block < blocks[stage]; block++) {
                int stride = stage > 0 && block == 0 ? 2 : 1;
                String place = "layer" + (stage + 1) + "." + block;
                x = block(layers, place, x, new Block(channels, planes, stride));
                channels = planes * expansion();
            }
            if (stage < 3) {
                layers.stage("layer" + (stage + 1), x, channels);
            }
        }
        x = layers.add("avgpool", new GlobalAveragePool(), x);
        layers.stage("layer4", x, channels);
        if (classes > 0) {
            layers.add("fc", new Linear(channels, classes), x);
        }
        return layers.network(name, 3, classes > 0 ? classes : channels);
    }

    /**
     * A residual block.
     *
     * @param in channels that it reads
     * @param planes channels of its 3x3 convolution
     * @param stride of that convolution
     */
    private record Block(int in, int planes, int stride) {}

    private int block(NetworkBuilder layers, String place, int input, Block block) {
        int out = block.planes * expansion();
        int x = bottleneck ? bottleneck(layers, place, input, block) : basic(layers, place, input, block);
        int shortcut = input;
        if (block.stride != 1 || block.in != out) {
            Convolution projection = convolution(block.in, out, 1, block.stride, 0);
            shortcut = layers.add(place + ".downsample.0", projection, input);
            shortcut = layers.add(place + ".downsample.1", new BatchNorm(out), shortcut);
        }
        x = layers.sum(place + ".add", x, shortcut);
        return layers.add(place + ".relu", new Relu(), x);
    }

    private int basic(NetworkBuilder layers, String place, int input, Block block) {
        int x = layers.add(place + ".conv1", convolution(block.in, block.planes, 3, block.stride, 1), input);
        x = layers.add(place + ".bn1", new BatchNorm(block.planes), x);
        x = layers.add(place + ".relu1", new Relu(), x);
        x = layers.add(place + ".conv2", convolution(block.planes, block.planes, 3, 1, 1), x);
        return layers.add(place + ".bn2", new BatchNorm(block.planes), x);
    }

    private int bottleneck(NetworkBuilder layers, String place, int input, Block block) {
        int planes = block.planes;
        int x = layers.add(place + ".conv1", convolution(block.in, planes, 1, 1, 0), input);
        x = layers.add(place + ".bn1", new BatchNorm(planes), x);
        x = layers.add(place + ".relu1", new Relu(), x);
        x = layers.add(place + ".conv2", convolution(planes, planes, 3, block.stride, 1), x);
        x = layers.add(place + ".bn2", new BatchNorm(planes), x);
        x = layers.add(place + ".relu2", new Relu(), x);
        x = layers.add(place + ".conv3", convolution(planes, planes * 4, 1, 1, 0), x);
        return layers.add(place + ".bn3", new BatchNorm(planes * 4), x);
    }

    private Convolution convolution(int in, int out, int kernel, int stride, int padding) {
        boolean asNeeded = form == Form.SAME_PADDED && stride > 1 && kernel > 1;
        return new Convolution(in, out, kernel, stride, asNeeded ? Op.SAME : padding, 1);
    }

    private int expansion() {
        return bottleneck ? 4 : 1;
    }

    /** Most blocks that a table has names for in a stage. */
    private static final int MOST_BLOCKS = 50;

    /** The tables of all layouts whose names differ from ours. */
    static List<LayerNames> names() {
        List<LayerNames> all = new ArrayList<>();
        all.add(names(
                NamingLayout.HUGGINGFACE,
                layer -> "embedder.embedder." + (layer.equals("conv1") ? "convolution" : "normalization"),
                (stage, block, layer) -> "encoder.stages." + (stage - 1) + ".layers." + block + "."
                        + (layer.startsWith("downsample") ? "shortcut" : "layer." + (number(layer) - 1))
                        + (isNorm(layer) ? ".normalization" : ".convolution"),
                new LayerNames.Last("fc", "classifier.1", "resnet.")));
        all.add(names(
                NamingLayout.DETECTRON2,
                layer -> layer.equals("conv1") ? "stem.conv1" : "stem.conv1.norm",
                (stage, block, layer) -> "res" + (stage + 1) + "." + block + "."
                        + (layer.startsWith("downsample") ? "shortcut" : "conv" + number(layer))
                        + (isNorm(layer) ? ".norm" : ""),
                new LayerNames.Last("fc", "linear", "")));
        all.add(names(
                NamingLayout.MMPRETRAIN,
                layer -> layer,
                (stage, block, layer) -> "layer" + stage + "." + block + "." + layer,
                new LayerNames.Last("fc", "head.fc", "backbone.")));
        all.add(names(
                NamingLayout.SHORTCUT,
                layer -> layer,
                (stage, block, layer) -> "layer" + stage + "." + block + "." + layer.replace("downsample", "shortcut"),
                new LayerNames.Last("fc", "linear", "")));
        // The max-pool takes a number where there is one. Without a ReLU of its own the sequence computes another
        // thing.
        for (int first : new int[] {4, 3}) {
            for (String shortcut : new String[] {"downsample", "shortcut"}) {
                all.add(names(
                        NamingLayout.SEQUENTIAL,
                        layer -> layer.equals("conv1") ? "0" : "1",
                        (stage, block, layer) ->
                                (first + stage - 1) + "." + block + "." + layer.replace("downsample", shortcut),
                        new LayerNames.Last("fc", String.valueOf(first + 5), "")));
            }
        }
        return all;
    }

    private interface InBlock {
        /**
         * @param stage from 1
         * @param layer {@code conv1}, {@code bn1}, {@code downsample.0} and so on
         */
        String name(int stage, int block, String layer);
    }

    private static LayerNames names(
            NamingLayout layout, Function<String, String> stem, InBlock inBlock, LayerNames.Last last) {
        Map<String, String> theirs = new LinkedHashMap<>();
        for (String layer : List.of("conv1", "bn1")) {
            theirs.put(layer, stem.apply(layer));
        }
        List<String> layers = List.of("conv1", "bn1", "conv2", "bn2", "conv3", "bn3", "downsample.0", "downsample.1");
        for (int stage = 1; stage <= PLANES.length; stage++) {
            for (int block = 0; block < MOST_BLOCKS; block++) {
                for (String layer : layers) {
                    theirs.put("layer" + stage + "." + block + "." + layer, inBlock.name(stage, block, layer));
                }
            }
        }
        return new LayerNames(layout, theirs, last, List.of("conv1", "layer1.0.conv1", "layer2.0.downsample.0"));
    }

    private static boolean isNorm(String layer) {
        return layer.startsWith("bn") || layer.equals("downsample.1");
    }

    private static int number(String layer) {
        return layer.charAt(layer.length() - 1) - '0';
    }
}
