package org.simreg.worker.network.family;

import org.simreg.worker.network.NetworkBuilder;
import org.simreg.worker.network.Op;
import org.simreg.worker.network.Op.BatchNorm;
import org.simreg.worker.network.Op.Convolution;

/**
 * The blocks of EfficientNet and MobileNet v3 and v4, with timm's names of layers.
 *
 * @param layers takes the layers
 * @param style what all blocks of a network have in common
 */
record InvertedResiduals(NetworkBuilder layers, InvertedResiduals.Style style) {
    /**
     * The arithmetic of a network's layers.
     *
     * @param squeezed activation between the two layers of squeeze-and-excitation
     * @param gate what makes a factor of their output
     * @param epsilon added to variances
     * @param momentum part of the running statistics replaced by a batch's
     * @param same whether strided convolutions are padded as TensorFlow's SAME
     */
    record Style(Op squeezed, Op gate, double epsilon, double momentum, boolean same) {
        /** Style of PyTorch's default norms and symmetric padding. */
        static Style plain(Op squeezed, Op gate) {
            return new Style(squeezed, gate, 1e-5, BatchNorm.MOMENTUM, false);
        }
    }

    /**
     * A block.
     *
     * @param in channels that it reads
     * @param kernel of its depthwise convolution
     * @param stride of that
     * @param hidden channels between its pointwise convolutions
     * @param out channels that it makes
     * @param squeeze channels of its squeeze-and-excitation, 0 without
     * @param activation behind all but its last layer
     * @param part of the rate of drop path that it has where it is a branch
     */
    record Block(int in, int kernel, int stride, int hidden, int out, int squeeze, Op activation, double part) {
        boolean isBranch() {
            return stride == 1 && in == out;
        }
    }

    /** A convolution and its normalisation without activation. */
    int norm(String convolution, String norm, Convolution c, int input) {
        boolean asNeeded = style.same && c.stride() > 1;
        Convolution padded =
                asNeeded ? new Convolution(c.in(), c.out(), c.kernel(), c.stride(), Op.SAME, c.groups()) : c;
        int x = layers.add(convolution, padded, input);
        return layers.add(norm, new BatchNorm(c.out(), style.epsilon, style.momentum), x);
    }

    /** A convolution, its normalisation and an activation. */
    int unit(String convolution, String norm, Convolution c, Op activation, int input) {
        return layers.add(norm + ".act", activation, norm(convolution, norm, c, input));
    }

    /** A convolution of a kernel, padded so that only its stride makes the image smaller. */
    static Convolution spatial(int in, int out, int kernel, int stride, int groups) {
        return new Convolution(in, out, kernel, stride, (kernel - 1) / 2, groups);
    }

    /** A pointwise convolution. */
    static Convolution pointwise(int in, int out) {
        return new Convolution(in, out, 1, 1, 0, 1);
    }

    /** A depthwise convolution and a pointwise one (MobileNet v1's block): {@code hidden} is {@code in}. */
    int separable(String place, Block block, int input) {
        Convolution depthwise = spatial(block.in, block.in, block.kernel, block.stride, block.in);
        int x = unit(place + ".conv_dw", place + ".bn1", depthwise, block.activation, input);
        x = squeeze(place + ".se", block.in, block.squeeze, x);
        x = norm(place + ".conv_pw", place + ".bn2", pointwise(block.in, block.out), x);
        return branch(place, block, x, input);
    }

    /** An expansion, a depthwise convolution and a projection (MobileNet v2's block). */
    int residual(String place, Block block, int input) {
        int x = unit(place + ".conv_pw", place + ".bn1", pointwise(block.in, block.hidden), block.activation, input);
        Convolution depthwise = spatial(block.hidden, block.hidden, block.kernel, block.stride, block.hidden);
        x = unit(place + ".conv_dw", place + ".bn2", depthwise, block.activation, x);
        x = squeeze(place + ".se", block.hidden, block.squeeze, x);
        x = norm(place + ".conv_pwl", place + ".bn3", pointwise(block.hidden, block.out), x);
        return branch(place, block, x, input);
    }

    /** A full convolution in place of expansion and depthwise one. */
    int fused(String place, Block block, int input) {
        Convolution expansion = spatial(block.in, block.hidden, block.kernel, block.stride, 1);
        int x = unit(place + ".conv_exp", place + ".bn1", expansion, block.activation, input);
        x = norm(place + ".conv_pwl", place + ".bn2", pointwise(block.hidden, block.out), x);
        return branch(place, block, x, input);
    }

    /**
     * The universal inverted bottleneck: depthwise convolutions ahead of the expansion and behind it, either of which
     * may be missing.
     *
     * @param first kernel of the one ahead, 0 without; that of the block is the other's
     * @see <a href="https://arxiv.org/abs/2404.10518">Qin et al. 2024, section 3</a>
     */
    int universal(String place, Block block, int first, int input) {
        int x = input;
        if (first > 0) {
            Convolution ahead = spatial(block.in, block.in, first, block.kernel > 0 ? 1 : block.stride, block.in);
            x = norm(place + ".dw_start.conv", place + ".dw_start.bn", ahead, x);
        }
        String expansion = place + ".pw_exp";
        x = unit(expansion + ".conv", expansion + ".bn", pointwise(block.in, block.hidden), block.activation, x);
        if (block.kernel > 0) {
            Convolution middle = spatial(block.hidden, block.hidden, block.kernel, block.stride, block.hidden);
            x = unit(place + ".dw_mid.conv", place + ".dw_mid.bn", middle, block.activation, x);
        }
        x = norm(place + ".pw_proj.conv", place + ".pw_proj.bn", pointwise(block.hidden, block.out), x);
        return branch(place, block, x, input);
    }

    /**
     * Squeeze-and-excitation: every channel times a factor that is computed of all channels' means.
     *
     * @param between channels between its two layers; 0: nothing is added
     * @see <a href="https://arxiv.org/abs/1709.01507">Hu et al. 2017, section 3</a>
     */
    private int squeeze(String place, int channels, int between, int input) {
        if (between == 0) {
            return input;
        }
        int x = layers.add(place + ".mean", new Op.SpatialMean(), input);
        x = layers.add(place + ".conv_reduce", pointwise(channels, between).biased(), x);
        x = layers.add(place + ".act1", style.squeezed, x);
        x = layers.add(place + ".conv_expand", pointwise(between, channels).biased(), x);
        x = layers.add(place + ".gate", style.gate, x);
        return layers.join(place, new Op.Multiply(), input, x);
    }

    private int branch(String place, Block block, int x, int input) {
        if (!block.isBranch()) {
            return x;
        }
        int dropped = block.part > 0 ? layers.add(place + ".drop_path", new Op.DropPath(block.part), x) : x;
        return layers.sum(place + ".add", dropped, input);
    }

    /** Channels near a number that are a multiple of 8, and at least nine tenths of it. */
    static int roundedTo8(double channels) {
        int rounded = Math.max(8, (int) (channels + 4) / 8 * 8);
        return rounded < 0.9 * channels ? rounded + 8 : rounded;
    }
}
