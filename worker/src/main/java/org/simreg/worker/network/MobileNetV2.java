package org.simreg.worker.network;

import org.simreg.worker.network.Op.BatchNorm;
import org.simreg.worker.network.Op.Convolution;
import org.simreg.worker.network.Op.GlobalAveragePool;
import org.simreg.worker.network.Op.Linear;
import org.simreg.worker.network.Op.Relu6;

/**
 * MobileNet-v2 of width 1 with torchvision's layout and names.
 *
 * @see <a href="https://arxiv.org/abs/1801.04381">Sandler et al. 2018, table 2</a>
 */
final class MobileNetV2 {
    static final int FEATURES = 1280;

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

    private MobileNetV2() {}

    /**
     * @param classes width of the classifier, or 0 to end with the pooled feature
     */
    static NetworkGraph network(int classes) {
        return new MobileNetV2().build(classes);
    }

    /** Name of the stage that {@code features.<place>} belongs to. */
    static String stage(int place) {
        int end = 1;
        for (int stage = 0; stage < STAGES.length; stage++) {
            if (place < end) {
                return stage == 0 ? "stem" : "stage" + stage;
            }
            end += STAGES[stage][2];
        }
        return place < end ? "stage" + STAGES.length : "last";
    }

    private NetworkGraph build(int classes) {
        int x = unit("features.0", NetworkBuilder.INPUT, new Convolution(3, 32, 3, 2, 1, 1));
        int channels = 32;
        int place = 1;
        for (int[] stage : STAGES) {
            for (int i = 0; i < stage[2]; i++) {
                int stride = i == 0 ? stage[3] : 1;
                x = residual("features." + place, x, new Residual(channels, stage[0], stage[1], stride));
                channels = stage[1];
                place++;
            }
        }
        x = unit("features." + place, x, new Convolution(channels, FEATURES, 1, 1, 0, 1));
        x = layers.add("avgpool", new GlobalAveragePool(), x);
        if (classes > 0) {
            layers.add("classifier.1", new Linear(FEATURES, classes), x);
        }
        return layers.network("mobilenet-v2", 3, classes > 0 ? classes : FEATURES);
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
        x = layers.add(prefix + layer, new BatchNorm(block.out), x);
        boolean shortcut = block.stride == 1 && block.in == block.out;
        return shortcut ? layers.sum(place + ".add", x, input) : x;
    }

    private int unit(String place, int input, Convolution convolution) {
        int x = layers.add(place + ".0", convolution, input);
        x = layers.add(place + ".1", new BatchNorm(convolution.out()), x);
        return layers.add(place + ".2", new Relu6(), x);
    }
}
