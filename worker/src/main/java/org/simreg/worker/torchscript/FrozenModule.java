package org.simreg.worker.torchscript;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.List;
import org.simreg.worker.checkpoint.Folded;
import org.simreg.worker.checkpoint.StateDict;
import org.simreg.worker.network.Network;
import org.simreg.worker.network.Stage;

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
        return of(torch, network, weights, bfloat16, !torch.cuda());
    }

    /**
     * @param fused whether oneDNN's fused convolutions are used; a GPU has none
     */
    static FrozenModule of(
            Torch torch, Network network, StateDict weights, boolean bfloat16, boolean fused) {
        return of(torch, network, weights, bfloat16, fused, List.of());
    }

    /**
     * A network whose features are those of several places, one beside the other, by one pass.
     *
     * @param stages of {@code network}, at least one; their widths add up to the features'
     */
    public static FrozenModule stages(
            Torch torch, Network network, StateDict weights, boolean bfloat16, List<Stage> stages) {
        return of(torch, network, weights, bfloat16, !torch.cuda(), stages);
    }

    static FrozenModule of(
            Torch torch,
            Network network,
            StateDict weights,
            boolean bfloat16,
            boolean fused,
            List<Stage> stages) {
        Folded folded = Folded.of(network, weights);
        List<Integer> taps =
                stages.stream().map(stage -> folded.places().get(stage.value())).toList();
        FlatLayout layout = FrozenCode.layout(folded.network());
        float[] flat = new float[layout.length()];
        folded.weights().forEach((name, values) -> layout.put(flat, name, values));
        folded.biases().forEach((node, values) -> layout.put(flat, node + ".bias", values));
        return new FrozenModule(
                torch, FrozenCode.of(folded.network(), bfloat16, fused, taps), flat);
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
