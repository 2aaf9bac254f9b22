package org.simreg.worker.engine.torchscript;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Optional;
import org.simreg.proto.Pixels;
import org.simreg.proto.UserError;
import org.simreg.worker.engine.torch.CodeArchive;
import org.simreg.worker.engine.torch.FlatLayout;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.engine.torch.TorchModule;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.Stage;
import org.simreg.worker.network.Weight;
import org.simreg.worker.weights.checkpoint.FoldedNetwork;
import org.simreg.worker.weights.tensor.StateDict;

/**
 * A network on the device that only computes features: a teacher, or a student under evaluation.
 *
 * @see FrozenCode
 */
public final class FrozenModule implements AutoCloseable {
    private final NetworkGraph network;
    private final TorchModule module;
    private final NDManager kept;

    /**
     * A network that wants ImageNet's mean and deviation.
     *
     * @param weights at least all of {@code network.weights()}
     * @param bfloat16 whether it computes in bfloat16
     */
    public static FrozenModule of(Torch torch, NetworkGraph network, StateDict weights, boolean bfloat16) {
        return of(torch, network, weights, Kind.imagenet(torch, bfloat16));
    }

    /**
     * A network that wants its pixels normalised in a way of its own.
     *
     * @param weights at least all of {@code network.weights()}
     * @param pixels normalisation that it wants
     * @param bfloat16 whether it computes in bfloat16
     */
    public static FrozenModule of(
            Torch torch, NetworkGraph network, StateDict weights, Pixels pixels, boolean bfloat16) {
        return of(torch, network, weights, new Kind(pixels, bfloat16, torch.fuses()));
    }

    /**
     * The arithmetic of a frozen network.
     *
     * @param pixels normalisation that the network wants
     * @param bfloat16 whether it computes in bfloat16
     * @param fused whether oneDNN's fused layers are used; a GPU has none
     */
    public record Kind(Pixels pixels, boolean bfloat16, boolean fused) {
        static Kind imagenet(Torch torch, boolean bfloat16) {
            return new Kind(Pixels.IMAGENET, bfloat16, torch.fuses());
        }
    }

    static FrozenModule of(Torch torch, NetworkGraph network, StateDict weights, Kind kind) {
        Optional<ScriptCode> script = ScriptCode.of(network);
        if (script.isPresent()) {
            FrozenModule module = new FrozenModule(torch, network, script.get().frozen(kind.pixels));
            return module.bound(() -> module.bind(script.get(), weights));
        }
        return stages(torch, network, weights, kind, List.of());
    }

    /**
     * A network whose features are those of several places, one beside the other, by one pass.
     *
     * @param stages of {@code network}, whose widths add up to the features'; none: the network's
     *     output
     */
    public static FrozenModule stages(
            Torch torch, NetworkGraph network, StateDict weights, Kind kind, List<Stage> stages) {
        FoldedNetwork folded = FoldedNetwork.of(network, weights);
        List<Integer> taps =
                stages.stream().map(stage -> folded.places().get(stage.value())).toList();
        FrozenCode code = FrozenCode.of(folded.network(), kind, PackedLinear.works(torch), taps);
        byte[] archive = CodeArchive.of(FrozenCode.CLASS, List.of("parameters"), code.methods());
        FrozenModule module = new FrozenModule(torch, network, archive);
        return module.bound(() -> module.bind(code, folded));
    }

    private FrozenModule(Torch torch, NetworkGraph network, byte[] archive) {
        this.network = network;
        torch.enter();
        kept = torch.scope();
        module = TorchModule.load(torch, archive);
    }

    private FrozenModule bound(Runnable binding) {
        try {
            binding.run();
            return this;
        } catch (RuntimeException | OutOfMemoryError e) {
            close();
            throw e;
        }
    }

    /** One weight after the other, each through the same buffer: beside the network only its largest tensor is held. */
    private void bind(FrozenCode code, FoldedNetwork folded) {
        List<Weight> weights = folded.network().weights();
        int largest = weights.stream().mapToInt(Weight::length).max().orElse(0);
        ByteBuffer buffer = ByteBuffer.allocateDirect(Math.multiplyExact(largest, Float.BYTES))
                .order(ByteOrder.nativeOrder());
        for (Weight weight : weights) {
            float[] values = folded.weights().get(weight.name()).floats();
            buffer.asFloatBuffer().put(FlatLayout.inOrder(weight, values));
            try (NDManager scope = kept.newSubManager()) {
                module.call(scope, code.binder(weight), Torch.floats(scope, buffer, weight.length()));
            }
        }
    }

    private void bind(ScriptCode script, StateDict weights) {
        try (NDManager scope = kept.newSubManager()) {
            NDArray parameters = kept.create(script.flat(weights, true));
            module.call(scope, "bind", parameters, kept.create(script.flat(weights, false)));
        }
    }

    /**
     * The features of images.
     *
     * @param images (N, H, W, 3) uint8
     * @return (N, D) float32, any length
     * @throws UserError if the network can't take images of this size
     */
    public NDArray features(NDManager scope, NDArray images) {
        network.misfit(Math.toIntExact(images.getShape().get(1))).ifPresent(why -> {
            throw new UserError("Can't compute features: " + why);
        });
        return module.call(scope, "features", images).get(0);
    }

    @Override
    public void close() {
        module.close();
        kept.close();
    }
}
