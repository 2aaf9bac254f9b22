package org.simreg.worker.network;

import org.simreg.worker.network.Op.BatchNorm;
import org.simreg.worker.network.Op.Convolution;
import org.simreg.worker.network.Op.GlobalAveragePool;
import org.simreg.worker.network.Op.Linear;
import org.simreg.worker.network.Op.MaxPool;
import org.simreg.worker.network.Op.Relu;

/**
 * A residual network with torchvision's layout and names.
 *
 * @param name what people call it
 * @param blocks residual blocks of the four stages
 * @param bottleneck blocks of 1x1, 3x3, 1x1 convolutions that widen four times, instead of two 3x3
 * @param width factor on every channel count (SimCLR's 50x2 and 50x4)
 * @param same TensorFlow's SAME padding in every strided layer (the published BYOL weights)
 * @see <a href="https://arxiv.org/abs/1512.03385">He et al. 2015, table 1</a>
 */
record ResNet(String name, int[] blocks, boolean bottleneck, int width, boolean same) {
    private static final int[] PLANES = {64, 128, 256, 512};

    int features() {
        return PLANES[3] * width * expansion();
    }

    /**
     * @param classes width of {@code fc}, or 0 to end with the pooled feature
     */
    NetworkGraph network(int classes) {
        NetworkBuilder layers = new NetworkBuilder();
        int stem = PLANES[0] * width;
        int x = layers.add("conv1", convolution(3, stem, 7, 2, 3), NetworkBuilder.INPUT);
        x = layers.add("bn1", new BatchNorm(stem), x);
        x = layers.add("relu", new Relu(), x);
        x = layers.add("maxpool", new MaxPool(3, 2, same ? Op.SAME : 1), x);
        int channels = stem;
        for (int stage = 0; stage < 4; stage++) {
            int planes = PLANES[stage] * width;
            for (int block = 0; block < blocks[stage]; block++) {
                int stride = stage > 0 && block == 0 ? 2 : 1;
                String place = "layer" + (stage + 1) + "." + block;
                x = block(layers, place, x, new Block(channels, planes, stride));
                channels = planes * expansion();
            }
        }
        x = layers.add("avgpool", new GlobalAveragePool(), x);
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
        boolean asNeeded = same && stride > 1 && kernel > 1;
        return new Convolution(in, out, kernel, stride, asNeeded ? Op.SAME : padding, 1);
    }

    private int expansion() {
        return bottleneck ? 4 : 1;
    }
}
