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
     * Batch normalisation over (N, H, W) of images and over N of features.
     *
     * @param epsilon added to the variance
     * @param momentum part of the running statistics replaced by a batch's
     */
    record BatchNorm(int channels, double epsilon, double momentum) implements Op {
        /** PyTorch's part of the running statistics replaced by a batch's. */
        public static final double MOMENTUM = 0.1;

        /** With PyTorch's momentum. */
        public BatchNorm(int channels, double epsilon) {
            this(channels, epsilon, MOMENTUM);
        }

        /** PyTorch's, with 1e-5 added to the variance. */
        public BatchNorm(int channels) {
            this(channels, 1e-5);
        }
    }

    /** max(x, 0). */
    record Relu() implements Op {}

    /** min(max(x, 0), 6). */
    record Relu6() implements Op {}

    /** x times the logistic function at x, also called swish. */
    record Silu() implements Op {}

    /** The logistic function, 1 / (1 + exp(-x)). */
    record Sigmoid() implements Op {}

    /** min(max(x + 3, 0), 6) / 6. */
    record HardSigmoid() implements Op {}

    /** x times its hard-sigmoid. */
    record HardSwish() implements Op {}

    /**
     * Maximum over square windows; padding never wins.
     *
     * @param padding on each side, or {@link #SAME}
     */
    record MaxPool(int kernel, int stride, int padding) implements Op {}

    /** Mean over H and W: (N, C, H, W) to (N, C), for any input size. */
    record GlobalAveragePool() implements Op {}

    /** Mean over H and W that stays an image: (N, C, H, W) to (N, C, 1, 1). */
    record SpatialMean() implements Op {}

    /** Images (N, C, H, W) as (N, H, W, C), which LayerNorm, linear layers and LayerScale take; no copy in memory. */
    record ChannelsLast() implements Op {}

    /** (N, H, W, C) as images (N, C, H, W). */
    record ChannelsFirst() implements Op {}

    /** x W' + b, weight (out, in), bias (out). */
    record Linear(int in, int out) implements Op {}

    /**
     * Images (N, 3, H, W) to tokens (N, T, width): a projection of every patch, what stands before them, positions.
     * Weights: {@code proj} of the layer; {@code cls_token}, {@code pos_embed}, {@code register_tokens} of the network.
     *
     * @param patch height and width of a patch in pixels
     * @param bias whether the projection has one
     */
    record PatchTokens(int width, int patch, boolean bias, Prefix prefix, Positions positions) implements Op {}

    /**
     * The tokens before those of patches.
     *
     * @param classToken whether there is one, the first
     * @param registers tokens behind it without position
     */
    record Prefix(boolean classToken, int registers) {
        /** Number of tokens. */
        public int length() {
            return (classToken ? 1 : 0) + registers;
        }
    }

    /**
     * The positions of patches: learned ones for the class token and a grid, added to their tokens; or angles by which
     * the heads' queries and keys are rotated.
     *
     * @param grid trained height and width in patches; 0 for angles
     * @param resizing how the trained grid is brought to the one at hand
     */
    record Positions(int grid, Resizing resizing) {
        /** Rotary positions: each patch's centre between -1 and 1, whatever the grid. */
        public static final Positions ROTARY = new Positions(0, Resizing.ROTARY);

        /** Whether a tensor holds them. */
        public boolean learned() {
            return grid > 0;
        }
    }

    /** What brings positions to another grid than the trained one. */
    enum Resizing {
        /** Bicubic; the factor has 0.1 patches added to the grid at hand (DINO, DINOv2). */
        SHIFTED,
        /** Bicubic. */
        BICUBIC,
        /** Bicubic with antialiasing, as torch.nn.functional.interpolate's. */
        ANTIALIASED,
        /** Bilinear between the centres of the outermost patches, as scipy.ndimage.zoom of order 1. */
        BILINEAR,
        /** Computed for the grid at hand: sines and cosines of the numbers of column and row (MoCo-v3). */
        SINES,
        /** Nothing: angles follow from the grid at hand. */
        ROTARY
    }

    /**
     * Normalisation over the last dimension, of each token or pixel. Weight, bias: (width).
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
     *
     * @param rotary whether queries and keys of patches are rotated by their positions' angles
     */
    record Attention(int width, int heads, boolean rotary) implements Op {}

    /** A factor for each channel of tokens. Weight: {@code gamma} (width). */
    record LayerScale(int width) implements Op {}

    /** A factor for each channel of images, rounded to their type. Weight: {@code gamma} (width). */
    record ChannelScale(int width) implements Op {}

    /** x times the standard normal distribution's function at x, or what stands for it. */
    record Gelu(Form form) implements Op {
        /** The function itself. */
        public Gelu() {
            this(Form.EXACT);
        }

        /** What is computed. */
        public enum Form {
            /** The function itself. */
            EXACT,
            /** The approximation by a hyperbolic tangent. */
            TANH,
            /** x times the logistic function at 1.702 x (OpenAI's CLIP). */
            QUICK
        }
    }

    /** The first half of the channels through SiLU, times the second half. */
    record SwiGlu() implements Op {}

    /** Tokens (N, T, width) to one feature. */
    record TokenPool(Pooling pooling, Prefix prefix) implements Op {}

    /** What of the tokens is a feature. */
    enum Pooling {
        /** The class token, (N, width). */
        CLS,
        /** The mean of the patches' tokens, (N, width). */
        MEAN,
        /** Both, one beside the other, (N, 2 width). */
        CLS_MEAN
    }

    /**
     * Attention of one learned query to all tokens: (N, T, width) to (N, width). Weights: {@code latent} (1, 1, width),
     * {@code q} (width, width), {@code kv} (2 width, width), {@code proj} (width, width), the last three with bias.
     */
    record AttentionPool(int width, int heads) implements Op {}

    /** Product of two values; the second may have H and W of 1. */
    record Multiply() implements Op {}

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
