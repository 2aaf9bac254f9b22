package org.simreg.worker.network;

import java.nio.file.Path;
import java.util.List;

/**
 * The computation of one layer: a convolution, BatchNorm, ReLU and so on, without its weights. Images are (N, C, H,
 * W), features (N, C).
 */
public sealed interface Op {
    /**
     * Two-dimensional convolution, as torch.nn.Conv2d. Weight: (out, in / groups, kernel, kernel), bias: (out).
     *
     * @param padding zeros added on each side, or {@link #SAME}
     */
    record Convolution(int in, int out, int kernel, int stride, int padding, int groups, boolean bias) implements Op {
        /** Without bias, as before a normalisation. */
        public Convolution(int in, int out, int kernel, int stride, int padding, int groups) {
            this(in, out, kernel, stride, padding, groups, false);
        }

        /** The same with a bias. */
        public Convolution biased() {
            return new Convolution(in, out, kernel, stride, padding, groups, true);
        }
    }

    /**
     * Batch normalisation, momentum 0.1, over (N, H, W) of images and over N of features.
     *
     * @param epsilon added to the variance
     */
    record BatchNorm(int channels, double epsilon) implements Op {
        /** Part of the running statistics replaced by a batch's. */
        public static final double MOMENTUM = 0.1;

        /** PyTorch's, with 1e-5 added to the variance. */
        public BatchNorm(int channels) {
            this(channels, 1e-5);
        }
    }

    /** max(x, 0). */
    record Relu() implements Op {}

    /** min(max(x, 0), 6). */
    record Relu6() implements Op {}

    /**
     * Maximum over square windows; padding never wins.
     *
     * @param padding on each side, or {@link #SAME}
     */
    record MaxPool(int kernel, int stride, int padding) implements Op {}

    /** Mean over H and W: (N, C, H, W) to (N, C), for any input size. */
    record GlobalAveragePool() implements Op {}

    /** x W' + b, weight (out, in), bias (out). */
    record Linear(int in, int out) implements Op {}

    /**
     * Images (N, 3, H, W) to tokens (N, T, width): a projection of every patch, the class token before them, learned
     * positions added to all of these, registers between. Weights: {@code proj} of the layer; {@code cls_token},
     * {@code pos_embed}, {@code register_tokens} of the network.
     *
     * @param patch height and width of a patch in pixels; what is left at the bottom and the right isn't seen
     */
    record PatchTokens(int width, int patch, Positions positions) implements Op {}

    /**
     * The learned positions of patches: one for the class token and a grid, brought bicubically to the grid at hand.
     *
     * @param grid trained height and width in patches
     * @param registers tokens without position
     * @param offset what is added to the grid at hand where the factor from the trained one is computed: DINO's and
     *     DINOv2's code has 0.1 there, of which the sampled places depend
     * @param antialias as torch.nn.functional.interpolate's
     */
    record Positions(int grid, int registers, double offset, boolean antialias) {}

    /**
     * Normalisation of each token. Weight, bias: (width).
     *
     * @param epsilon added to the variance
     */
    record LayerNorm(int width, double epsilon) implements Op {
        /** With 1e-6 added to the variance, as vision transformers have it. */
        public LayerNorm(int width) {
            this(width, 1e-6);
        }
    }

    /**
     * Self-attention among tokens. Weights: {@code qkv} (3 width, width) for queries, keys and values one after the
     * other, {@code proj} (width, width), both with bias.
     */
    record Attention(int width, int heads) implements Op {}

    /** A factor for each channel. Weight: {@code gamma} (width). */
    record LayerScale(int width) implements Op {}

    /** x times the standard normal distribution's function at x. */
    record Gelu() implements Op {}

    /** The first token: (N, T, width) to (N, width). */
    record ClassToken() implements Op {}

    /** Sum of two values of one shape. */
    record Add() implements Op {}

    /**
     * Stochastic depth of a residual branch: while training, an image's branch is zero with a probability and otherwise
     * divided by the rest of it; in evaluation nothing. Drawn anew for every image of a micro-batch, by its seed.
     *
     * @param part of the network's rate that is this branch's probability, 0 to 1
     * @param rate of the network, from 0 to less than 1; 0 until a student is made of it
     * @see <a href="https://arxiv.org/abs/1603.09382">Huang et al. 2016</a>
     */
    record DropPath(double part, double rate) implements Op {
        /** Of a network whose rate isn't known yet. */
        public DropPath(double part) {
            this(part, 0);
        }

        /** The probability that an image's branch is zero. */
        public double probability() {
            return part * rate;
        }
    }

    /**
     * A TorchScript module from outside as one layer, the only one of its network.
     *
     * @param file where it was read
     * @param sha256 of the file, hexadecimal: what is read later must be the same
     * @param weights its parameters and buffers by their names in its state dict, each tensor once
     */
    record Script(Path file, String sha256, List<Weight> weights) implements Op {
        public Script {
            weights = List.copyOf(weights);
        }
    }

    /**
     * TensorFlow's SAME padding: only as much as the output size ceil(in / stride) needs, the odd
     * pixel at the bottom and the right.
     */
    int SAME = -1;
}
