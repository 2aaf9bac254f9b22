package org.simreg.worker.network.family;

import java.util.List;
import org.simreg.proto.Network;
import org.simreg.proto.Pixels;
import org.simreg.worker.network.NamingLayout;
import org.simreg.worker.network.Op.Gelu;
import org.simreg.worker.network.Op.Positions;
import org.simreg.worker.network.Op.Prefix;
import org.simreg.worker.network.Op.Resizing;
import org.simreg.worker.network.family.Architecture.Files;
import org.simreg.worker.network.family.VisionTransformer.Form;
import org.simreg.worker.network.family.VisionTransformer.Last;
import org.simreg.worker.network.family.VisionTransformer.Shape;
import org.simreg.worker.network.family.VisionTransformer.Tokens;

/**
 * The vision towers of networks that were trained with texts: OpenAI's CLIP and OpenCLIP, whose feature is the class
 * token's projection, and SigLIP, whose feature is pooled by attention.
 *
 * @see <a href="https://arxiv.org/abs/2103.00020">Radford et al. 2021</a>
 * @see <a href="https://arxiv.org/abs/2303.15343">Zhai et al. 2023, on SigLIP</a>
 */
final class ImageTextTransformers {
    private static final Files FILES = new Files(
            List.of(NamingLayout.TIMM, NamingLayout.HUGGINGFACE),
            List.of(NamingLayout.TIMM),
            List.of(),
            List.of(),
            List.of());

    private ImageTextTransformers() {}

    /** The family. */
    static List<Architecture> all() {
        return List.of(
                openai(Network.CLIP_VITB32, Shape.BASE, 32, Network.OPENCLIP_VITB32),
                openai(Network.CLIP_VITB16, Shape.BASE, 16, Network.OPENCLIP_VITB16),
                openai(Network.CLIP_VITL14, Shape.LARGE, 14, Network.OPENCLIP_VITL14),
                clip(Network.OPENCLIP_VITB32, Shape.BASE, 32, Gelu.Form.EXACT, FILES),
                clip(Network.OPENCLIP_VITB16, Shape.BASE, 16, Gelu.Form.EXACT, FILES),
                clip(Network.OPENCLIP_VITL14, Shape.LARGE, 14, Gelu.Form.EXACT, FILES),
                siglip(Network.SIGLIP_VITB16, Shape.BASE, 16, 14),
                siglip(Network.SIGLIP_VITL16, Shape.LARGE, 16, 16),
                siglip(Network.SIGLIP_SO400M14, new Shape(1152, 27, 16, 4304), 14, 16));
    }

    private static Architecture openai(Network name, Shape shape, int patch, Network alike) {
        return clip(name, shape, patch, Gelu.Form.QUICK, FILES.alike(alike));
    }

    /** Trained at 224 px; the projection is two thirds of the width of the base size, three quarters of the large one's. */
    private static Architecture clip(Network name, Shape shape, int patch, Gelu.Form gelu, Files files) {
        Positions positions = new Positions(224 / patch, Resizing.ANTIALIASED);
        Tokens tokens = new Tokens(patch, false, new Prefix(true, 0), positions);
        Last last = new Last(false, shape == Shape.LARGE ? 768 : 512);
        Form form = new Form(1e-5, true, false, new Gelu(gelu), last);
        return Architecture.of(name, files, new VisionTransformer(shape, tokens, form)::network)
                .with(Pixels.CLIP)
                .bicubic();
    }

    private static Architecture siglip(Network name, Shape shape, int patch, int grid) {
        Tokens tokens = new Tokens(patch, true, new Prefix(false, 0), new Positions(grid, Resizing.BILINEAR));
        Form form = new Form(1e-6, false, false, new Gelu(Gelu.Form.TANH), new Last(true, 0));
        return Architecture.of(name, FILES, new VisionTransformer(shape, tokens, form)::network)
                .with(Pixels.HALF)
                .bicubic();
    }
}
