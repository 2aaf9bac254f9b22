package org.simreg.worker.network.family;

import java.util.List;
import org.simreg.proto.Network;
import org.simreg.proto.Pixels;
import org.simreg.worker.network.NamingLayout;
import org.simreg.worker.network.Op.Resizing;
import org.simreg.worker.network.family.Architecture.Files;
import org.simreg.worker.network.family.VisionTransformer.Form;
import org.simreg.worker.network.family.VisionTransformer.Shape;
import org.simreg.worker.network.family.VisionTransformer.Tokens;

/**
 * The vision transformers with patches of 16 px that were trained on images alone at 224 px: supervised ones, DeiT, MAE
 * and MoCo-v3. Their layers are DINO's.
 *
 * @see <a href="https://arxiv.org/abs/2106.10270">Steiner et al. 2021, on the supervised ones</a>
 * @see <a href="https://arxiv.org/abs/2012.12877">Touvron et al. 2020, on DeiT</a>
 * @see <a href="https://arxiv.org/abs/2111.06377">He et al. 2021, on MAE</a>
 * @see <a href="https://arxiv.org/abs/2104.02057">Chen et al. 2021, on MoCo-v3</a>
 */
final class ImageTransformers {
    private static final Files FILES = new Files(
            List.of(NamingLayout.TIMM, NamingLayout.HUGGINGFACE),
            List.of(NamingLayout.TIMM),
            List.of(),
            List.of(),
            List.of());

    private ImageTransformers() {}

    /** The family. */
    static List<Architecture> all() {
        return List.of(
                of(Network.VIT_TI16, Shape.TINY, Resizing.ANTIALIASED, FILES.alike(Network.DEIT_TI16))
                        .with(Pixels.HALF),
                of(Network.VIT_S16, Shape.SMALL, Resizing.ANTIALIASED, FILES).with(Pixels.HALF),
                of(Network.VIT_B16, Shape.BASE, Resizing.ANTIALIASED, FILES).with(Pixels.HALF),
                of(Network.DEIT_TI16, Shape.TINY, Resizing.BICUBIC, FILES),
                of(Network.DEIT_S16, Shape.SMALL, Resizing.BICUBIC, FILES),
                of(Network.DEIT_B16, Shape.BASE, Resizing.BICUBIC, FILES),
                of(Network.MAE_VITB16, Shape.BASE, Resizing.BICUBIC, FILES),
                of(Network.MOCOV3_VITB16, Shape.BASE, Resizing.SINES, FILES));
    }

    private static Architecture of(Network name, Shape shape, Resizing resizing, Files files) {
        Tokens tokens = Tokens.learned(16, 14, resizing);
        Architecture network = Architecture.of(name, files, new VisionTransformer(shape, tokens, Form.PLAIN)::network);
        return name == Network.MOCOV3_VITB16 ? network : network.bicubic();
    }
}
