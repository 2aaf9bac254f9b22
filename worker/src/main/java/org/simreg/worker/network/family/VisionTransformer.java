package org.simreg.worker.network.family;

import java.util.List;
import org.simreg.proto.Network;
import org.simreg.worker.network.Layout;
import org.simreg.worker.network.NetworkBuilder;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.Op.Attention;
import org.simreg.worker.network.Op.ClassToken;
import org.simreg.worker.network.Op.Gelu;
import org.simreg.worker.network.Op.LayerNorm;
import org.simreg.worker.network.Op.LayerScale;
import org.simreg.worker.network.Op.Linear;
import org.simreg.worker.network.Op.PatchTokens;
import org.simreg.worker.network.Op.Positions;
import org.simreg.worker.network.family.Architecture.Files;

/**
 * A vision transformer whose feature is its normalised class token, with the names of DINO's authors, which are timm's.
 *
 * @param name what people call it
 * @param size width, depth and heads
 * @param patch height and width of a patch in pixels
 * @param positions what was trained at which grid, and how it is brought to another one
 * @param scaled whether every branch ends with a LayerScale (DINOv2)
 * @see <a href="https://arxiv.org/abs/2010.11929">Dosovitskiy et al. 2020, section 3.1</a>
 */
record VisionTransformer(String name, VisionTransformer.Size size, int patch, Positions positions, boolean scaled) {
    /** The three sizes that are published. */
    enum Size {
        SMALL(384, 12, 6),
        BASE(768, 12, 12),
        LARGE(1024, 24, 16);

        private final int width;
        private final int depth;
        private final int heads;

        Size(int width, int depth, int heads) {
            this.width = width;
            this.depth = depth;
            this.heads = heads;
        }
    }

    /** DINO's and DINOv2's networks. */
    static List<Architecture> all() {
        Files timm = new Files(
                List.of(Layout.TIMM, Layout.HUGGINGFACE), List.of(Layout.TIMM), List.of(), List.of(), List.of());
        Files readOnly = timm.notWritten(Layout.TIMM);
        return List.of(
                Architecture.of(
                        Network.DINO_VITS16,
                        timm,
                        (name, classes) -> dino(name, Size.SMALL, 16).network(classes)),
                Architecture.of(
                        Network.DINO_VITS8,
                        timm,
                        (name, classes) -> dino(name, Size.SMALL, 8).network(classes)),
                Architecture.of(
                        Network.DINO_VITB16,
                        timm,
                        (name, classes) -> dino(name, Size.BASE, 16).network(classes)),
                Architecture.of(
                        Network.DINO_VITB8,
                        timm,
                        (name, classes) -> dino(name, Size.BASE, 8).network(classes)),
                Architecture.of(
                        Network.DINOV2_VITS14,
                        timm,
                        (name, classes) -> dinoV2(name, Size.SMALL, false).network(classes)),
                Architecture.of(
                        Network.DINOV2_VITB14,
                        timm,
                        (name, classes) -> dinoV2(name, Size.BASE, false).network(classes)),
                Architecture.of(
                        Network.DINOV2_VITL14,
                        timm,
                        (name, classes) -> dinoV2(name, Size.LARGE, false).network(classes)),
                Architecture.of(
                        Network.DINOV2_VITS14_REG,
                        readOnly,
                        (name, classes) -> dinoV2(name, Size.SMALL, true).network(classes)),
                Architecture.of(
                        Network.DINOV2_VITB14_REG,
                        readOnly,
                        (name, classes) -> dinoV2(name, Size.BASE, true).network(classes)),
                Architecture.of(
                        Network.DINOV2_VITL14_REG,
                        readOnly,
                        (name, classes) -> dinoV2(name, Size.LARGE, true).network(classes)));
    }

    /**
     * A network of DINO, trained at 224 px.
     *
     * @see <a href="https://arxiv.org/abs/2104.14294">Caron et al. 2021</a>
     */
    static VisionTransformer dino(String name, Size size, int patch) {
        return new VisionTransformer(name, size, patch, new Positions(224 / patch, 0, 0.1, false), false);
    }

    /**
     * A network of DINOv2, trained at 518 px with patches of 14.
     *
     * @param registers whether it has four registers
     * @see <a href="https://arxiv.org/abs/2304.07193">Oquab et al. 2023</a>
     * @see <a href="https://arxiv.org/abs/2309.16588">Darcet et al. 2023, on registers</a>
     */
    static VisionTransformer dinoV2(String name, Size size, boolean registers) {
        Positions positions = registers ? new Positions(37, 4, 0, true) : new Positions(37, 0, 0.1, false);
        return new VisionTransformer(name, size, 14, positions, true);
    }

    /**
     * @param classes width of a linear layer {@code head}, or 0 to end with the class token
     */
    NetworkGraph network(int classes) {
        NetworkBuilder layers = new NetworkBuilder();
        int width = size.width;
        int x = layers.add("patch_embed", new PatchTokens(width, patch, positions), NetworkBuilder.INPUT);
        for (int block = 0; block < size.depth; block++) {
            String place = "blocks." + block;
            int y = layers.add(place + ".norm1", new LayerNorm(width), x);
            y = layers.add(place + ".attn", new Attention(width, size.heads), y);
            x = branch(layers, place + ".ls1", x, y);
            y = layers.add(place + ".norm2", new LayerNorm(width), x);
            y = layers.add(place + ".mlp.fc1", new Linear(width, 4 * width), y);
            y = layers.add(place + ".mlp.act", new Gelu(), y);
            y = layers.add(place + ".mlp.fc2", new Linear(4 * width, width), y);
            x = branch(layers, place + ".ls2", x, y);
        }
        x = layers.add("norm", new LayerNorm(width), x);
        x = layers.add("class_token", new ClassToken(), x);
        layers.stage("class_token", x, width);
        if (classes > 0) {
            layers.add("head", new Linear(width, classes), x);
        }
        return layers.network(name, 3, classes > 0 ? classes : width);
    }

    /** Adds a branch to the tokens that it was computed of. */
    private int branch(NetworkBuilder layers, String place, int tokens, int branch) {
        int y = scaled ? layers.add(place, new LayerScale(size.width), branch) : branch;
        return layers.sum(place + ".add", tokens, y);
    }
}
