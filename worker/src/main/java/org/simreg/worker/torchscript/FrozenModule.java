package org.simreg.worker.torchscript;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.List;
import org.simreg.proto.Pixels;
import org.simreg.worker.checkpoint.Folded;
import org.simreg.worker.checkpoint.StateDict;
import org.simreg.worker.network.Network;

/** A network that is only asked for features: a teacher, or a student under evaluation. */
public final class FrozenModule implements AutoCloseable {
    private final TorchModule module;
    private final NDManager kept;

    /**
     * A network that wants ImageNet's mean and deviation.
     *
     * @param weights at least all of {@code network.weights()}
     * @param bfloat16 whether it computes in bfloat16
     */
    public static FrozenModule of(
            Torch torch, Network network, StateDict weights, boolean bfloat16) {
        return of(torch, network, weights, Kind.imagenet(torch, bfloat16));
    }

    /**
     * @param weights at least all of {@code network.weights()}
     * @param pixels what it wants
     * @param bfloat16 whether it computes in bfloat16
     */
    public static FrozenModule of(
            Torch torch, Network network, StateDict weights, Pixels pixels, boolean bfloat16) {
        return of(torch, network, weights, new Kind(pixels, bfloat16, !torch.cuda()));
    }

    /**
     * How it computes.
     *
     * @param fused whether oneDNN's fused convolutions are used; a GPU has none
     */
    record Kind(Pixels pixels, boolean bfloat16, boolean fused) {
        static Kind imagenet(Torch torch, boolean bfloat16) {
            return new Kind(Pixels.IMAGENET, bfloat16, !torch.cuda());
        }
    }

    static FrozenModule of(Torch torch, Network network, StateDict weights, Kind kind) {
        Folded folded = Folded.of(network, weights);
        FlatLayout layout = FrozenCode.layout(folded.network());
        float[] flat = new float[layout.length()];
        folded.weights().forEach((name, values) -> layout.put(flat, name, values));
        folded.biases().forEach((node, values) -> layout.put(flat, node + ".bias", values));
        String methods = FrozenCode.of(folded.network(), kind.pixels, kind.bfloat16, kind.fused);
        return new FrozenModule(torch, methods, flat);
    }

    private FrozenModule(Torch torch, String methods, float[] weights) {
        torch.enter();
        kept = torch.scope();
        module =
                TorchModule.load(
                        torch, CodeArchive.of(FrozenCode.CLASS, List.of("leaves"), methods));
        try (NDManager scope = torch.scope()) {
            module.call(scope, "bind", kept.create(weights));
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    /**
     * @param images (N, H, W, 3) uint8
     * @return (N, D) float32, any length
     */
    public NDArray features(NDManager scope, NDArray images) {
        return module.call(scope, "features", images).get(0);
    }

    @Override
    public void close() {
        module.close();
        kept.close();
    }
}
