package org.simreg.worker.network.family;

import java.util.List;
import org.simreg.proto.Network;
import org.simreg.worker.network.NamingLayout;
import org.simreg.worker.network.Op;
import org.simreg.worker.network.Op.Positions;
import org.simreg.worker.network.Op.Prefix;
import org.simreg.worker.network.Op.Resizing;
import org.simreg.worker.network.family.Architecture.Files;
import org.simreg.worker.network.family.VisionTransformer.Form;
import org.simreg.worker.network.family.VisionTransformer.Last;
import org.simreg.worker.network.family.VisionTransformer.Shape;
import org.simreg.worker.network.family.VisionTransformer.Tokens;

/**
 * The vision transformers of DINO, DINOv2 and DINOv3, whose feature is the normalised class token.
 *
 * @see <a href="https://arxiv.org/abs/2104.14294">Caron et al. 2021</a>
 * @see <a href="https://arxiv.org/abs/2304.07193">Oquab et al. 2023</a>
 * @see <a href="https://arxiv.org/abs/2309.16588">Darcet et al. 2023, on registers</a>
 * @see <a href="https://arxiv.org/abs/2508.10104">Siméoni et al. 2025</a>
 */
final class DinoTransformers {
    private static final Files TIMM = new Files(
            List.of(NamingLayout.TIMM, NamingLayout.HUGGINGFACE),
            List.of(NamingLayout.TIMM),
            List.of(),
            List.of(),
            List.of());
    private static final Files READ = TIMM.notWritten(NamingLayout.TIMM);

    private static final Shape GIANT = new Shape(1536, 40, 24, 4096);

    private DinoTransformers() {}

    /** The family. */
    static List<Architecture> all() {
        return List.of(
                dino(Network.DINO_VITS16, Shape.SMALL, 16, Network.VIT_S16, Network.DEIT_S16),
                dino(Network.DINO_VITS8, Shape.SMALL, 8),
                dino(
                        Network.DINO_VITB16,
                        Shape.BASE,
                        16,
                        Network.VIT_B16,
                        Network.DEIT_B16,
                        Network.MAE_VITB16,
                        Network.MOCOV3_VITB16),
                dino(Network.DINO_VITB8, Shape.BASE, 8),
                dinoV2(Network.DINOV2_VITS14, Shape.SMALL),
                dinoV2(Network.DINOV2_VITB14, Shape.BASE),
                dinoV2(Network.DINOV2_VITL14, Shape.LARGE),
                dinoV2(Network.DINOV2_VITG14, GIANT),
                withRegisters(Network.DINOV2_VITS14_REG, Shape.SMALL),
                withRegisters(Network.DINOV2_VITB14_REG, Shape.BASE),
                withRegisters(Network.DINOV2_VITL14_REG, Shape.LARGE),
                withRegisters(Network.DINOV2_VITG14_REG, GIANT),
                dinoV3(Network.DINOV3_VITS16, Shape.SMALL),
                dinoV3(Network.DINOV3_VITS16PLUS, new Shape(384, 12, 6, 1536)),
                dinoV3(Network.DINOV3_VITB16, Shape.BASE),
                dinoV3(Network.DINOV3_VITL16, Shape.LARGE),
                dinoV3(Network.DINOV3_VITH16PLUS, new Shape(1280, 32, 20, 5120)),
                dinoV3(Network.DINOV3_VIT7B16, new Shape(4096, 40, 32, 8192)));
    }

    /** Trained at 224 px. */
    private static Architecture dino(Network name, Shape shape, int patch, Network... alike) {
        Tokens tokens = Tokens.learned(patch, 224 / patch, Resizing.SHIFTED);
        return Architecture.of(name, TIMM.alike(alike), new VisionTransformer(shape, tokens, Form.PLAIN)::network)
                .bicubic();
    }

    /** Trained at 518 px with patches of 14. */
    private static Architecture dinoV2(Network name, Shape shape) {
        Tokens tokens = Tokens.learned(14, 37, Resizing.SHIFTED);
        return Architecture.of(
                        name,
                        shape == GIANT ? READ : TIMM,
                        new VisionTransformer(shape, tokens, scaled(shape))::network)
                .bicubic();
    }

    private static Architecture withRegisters(Network name, Shape shape) {
        Tokens tokens = new Tokens(14, true, new Prefix(true, 4), new Positions(37, Resizing.ANTIALIASED));
        return Architecture.of(name, READ, new VisionTransformer(shape, tokens, scaled(shape))::network)
                .bicubic();
    }

    /** Only the largest has a gated MLP. */
    private static Form scaled(Shape shape) {
        Form scaled = Form.PLAIN.withScales();
        return shape == GIANT ? gated(scaled) : scaled;
    }

    private static Form gated(Form form) {
        return new Form(form.epsilon(), false, true, new Op.SwiGlu(), Last.NOTHING);
    }

    /** Four registers and rotary positions; the sizes "plus" and 7B have gated MLPs. */
    private static Architecture dinoV3(Network name, Shape shape) {
        Tokens tokens = new Tokens(16, true, new Prefix(true, 4), Positions.ROTARY);
        Form form = new Form(1e-5, false, true, Form.PLAIN.mlp(), Last.NOTHING);
        boolean plain = List.of(Shape.SMALL, Shape.BASE, Shape.LARGE).stream().anyMatch(size -> size == shape);
        return Architecture.of(name, READ, new VisionTransformer(shape, tokens, plain ? form : gated(form))::network)
                .bicubic();
    }
}
