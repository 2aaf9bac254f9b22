package org.simreg.worker.network.family;

import org.simreg.worker.network.Initialization;
import org.simreg.worker.network.NetworkBuilder;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.Op;
import org.simreg.worker.network.Op.Attention;
import org.simreg.worker.network.Op.Gelu;
import org.simreg.worker.network.Op.LayerNorm;
import org.simreg.worker.network.Op.LayerScale;
import org.simreg.worker.network.Op.Linear;
import org.simreg.worker.network.Op.PatchTokens;
import org.simreg.worker.network.Op.Pooling;
import org.simreg.worker.network.Op.Positions;
import org.simreg.worker.network.Op.Prefix;

/**
 * A vision transformer: patches to tokens, blocks of attention and MLP, a normalisation, a feature. Names are those of
 * DINO's authors, which are timm's.
 *
 * @param shape width, depth and so on
 * @param tokens what the blocks read
 * @param form what differs in and behind the blocks
 * @see <a href="https://arxiv.org/abs/2010.11929">Dosovitskiy et al. 2020, section 3.1</a>
 */
record VisionTransformer(VisionTransformer.Shape shape, VisionTransformer.Tokens tokens, VisionTransformer.Form form) {
    /** Stages in equal numbers of blocks: the mean of the patches' tokens behind them. */
    private static final int QUARTERS = 4;

    /**
     * The sizes of the blocks.
     *
     * @param hidden width within the MLP; of a gated one, of the gate
     */
    record Shape(int width, int depth, int heads, int hidden) {
        static final Shape TINY = mlp(192, 12, 3);
        static final Shape SMALL = mlp(384, 12, 6);
        static final Shape BASE = mlp(768, 12, 12);
        static final Shape LARGE = mlp(1024, 24, 16);

        private static Shape mlp(int width, int depth, int heads) {
            return new Shape(width, depth, heads, 4 * width);
        }
    }

    /**
     * The tokens of an image.
     *
     * @param bias whether the patches' projection has one
     */
    record Tokens(int patch, boolean bias, Prefix prefix, Positions positions) {
        /** A class token and a learned grid. */
        static Tokens learned(int patch, int grid, Op.Resizing resizing) {
            return new Tokens(patch, true, new Prefix(true, 0), new Positions(grid, resizing));
        }
    }

    /**
     * What differs in and behind the blocks.
     *
     * @param epsilon of the normalisations
     * @param before whether the tokens are normalised before the blocks too
     * @param scaled whether every branch ends with a LayerScale
     * @param mlp its activation; a gated MLP is a {@link Op.SwiGlu}
     * @param last what stands behind the tokens' pooling
     */
    record Form(double epsilon, boolean before, boolean scaled, Op mlp, Last last) {
        /** The plain one, whose feature is the class token. */
        static final Form PLAIN = new Form(1e-6, false, false, new Gelu(Gelu.Form.EXACT), Last.NOTHING);

        /** With LayerScale. */
        Form withScales() {
            return new Form(epsilon, before, true, mlp, last);
        }
    }

    /**
     * What stands behind the tokens' pooling.
     *
     * @param attends whether a learned query pools them, instead of the class token
     * @param projected width that a linear layer {@code head} brings the feature to; 0: none
     */
    record Last(boolean attends, int projected) {
        static final Last NOTHING = new Last(false, 0);
    }

    /**
     * @param classes width of a linear layer {@code head}, or 0 to end with the feature; ignored where the feature is
     *     projected or pooled by attention: there is no classifier
     */
    NetworkGraph network(String name, int classes) {
        NetworkBuilder layers = new NetworkBuilder();
        int width = shape.width;
        Op patches = new PatchTokens(width, tokens.patch, tokens.bias, tokens.prefix, tokens.positions);
        int x = layers.add("patch_embed", patches, NetworkBuilder.INPUT);
        if (form.before) {
            x = layers.add("norm_pre", norm(), x);
        }
        for (int block = 0; block < shape.depth; block++) {
            x = block(layers, "blocks." + block, x, shape.depth == 1 ? 0 : block / (shape.depth - 1.0));
            if ((block + 1) * QUARTERS / shape.depth > block * QUARTERS / shape.depth) {
                layers.stage("blocks." + block, x, width);
            }
        }
        x = layers.add("norm", norm(), x);
        x = form.last.attends
                ? attended(layers, x)
                : layers.add("class_token", new Op.TokenPool(Pooling.CLS, tokens.prefix), x);
        int out = width;
        if (form.last.projected > 0) {
            out = form.last.projected;
            x = layers.add("head", new Linear(width, out), x);
        }
        layers.stage(form.last.equals(Last.NOTHING) ? "class_token" : "feature", x, out);
        if (classes > 0 && form.last.equals(Last.NOTHING)) {
            layers.add("head", new Linear(width, classes), x);
            out = classes;
        }
        return layers.network(name, 3, out).initialized(Initialization.TRANSFORMER);
    }

    private LayerNorm norm() {
        return new LayerNorm(shape.width, form.epsilon);
    }

    private int block(NetworkBuilder layers, String place, int tokens, double depth) {
        int y = layers.add(place + ".norm1", norm(), tokens);
        y = layers.add(place + ".attn", new Attention(shape.width, shape.heads, !this.tokens.positions.learned()), y);
        int x = branch(layers, place + ".ls1", tokens, y, depth);
        y = layers.add(place + ".norm2", norm(), x);
        y = mlp(layers, place + ".mlp", y);
        return branch(layers, place + ".ls2", x, y, depth);
    }

    private int mlp(NetworkBuilder layers, String place, int input) {
        boolean gated = form.mlp instanceof Op.SwiGlu;
        int y = layers.add(place + ".fc1", new Linear(shape.width, gated ? 2 * shape.hidden : shape.hidden), input);
        y = layers.add(place + ".act", form.mlp, y);
        return layers.add(place + ".fc2", new Linear(shape.hidden, shape.width), y);
    }

    /** Adds a branch to the tokens that it was computed of. */
    private int branch(NetworkBuilder layers, String place, int tokens, int branch, double depth) {
        int y = form.scaled ? layers.add(place, new LayerScale(shape.width), branch) : branch;
        y = layers.add(place + ".drop", new Op.DropPath(depth), y);
        return layers.sum(place + ".add", tokens, y);
    }

    /** SigLIP's head: attention of a learned query, and an MLP. */
    private int attended(NetworkBuilder layers, int tokens) {
        int x = layers.add("attn_pool", new Op.AttentionPool(shape.width, shape.heads), tokens);
        int y = layers.add("attn_pool.norm", norm(), x);
        y = mlp(layers, "attn_pool.mlp", y);
        return layers.sum("attn_pool.add", x, y);
    }
}
