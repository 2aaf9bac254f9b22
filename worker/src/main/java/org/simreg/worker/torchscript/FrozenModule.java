package org.simreg.worker.torchscript;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.List;
import org.simreg.worker.checkpoint.Folded;
import org.simreg.worker.checkpoint.StateDict;
import org.simreg.worker.network.Network;

/** A network that is only asked for features: a teacher, or a student under evaluation. */
public final class FrozenModule implements AutoCloseable {
    private final TorchModule module;
    private final NDManager kept;

    /**
     * @param weights at least all of {@code network.weights()}
     * @param bfloat16 whether it computes in bfloat16
     */
    public static FrozenModule of(
            Torch torch, Network network, StateDict weights, boolean bfloat16) {
        Folded folded = Folded.of(network, weights);
        FlatLayout layout = FrozenCode.layout(folded.network());
        float[] flat = new float[layout.length()];
        folded.weights().forEach((name, values) -> layout.put(flat, name, values));
        folded.biases().forEach((node, values) -> layout.put(flat, node + ".bias", values));
        return new FrozenModule(torch, folded.network(), flat, bfloat16);
    }

    private FrozenModule(Torch torch, Network network, float[] weights, boolean bfloat16) {
        torch.enter();
        kept = torch.scope();
        String methods = FrozenCode.of(network, bfloat16, !torch.cuda());
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
