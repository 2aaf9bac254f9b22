package org.simreg.worker.train.teacher;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.simreg.proto.NetworkCost;
import org.simreg.proto.Precision;
import org.simreg.proto.Teacher;
import org.simreg.proto.UserError;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.engine.torchscript.FrozenModule;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.TokenFeature;
import org.simreg.worker.network.family.Networks;
import org.simreg.worker.weights.checkpoint.NetworkFit;
import org.simreg.worker.weights.checkpoint.WeightsFile;
import org.simreg.worker.weights.part.PartChoice;
import org.simreg.worker.weights.part.PartRequest;
import org.simreg.worker.weights.tensor.StateDict;

/**
 * A known network with the weights of a file as a teacher: in evaluation mode, its BatchNorm folded
 * into the convolutions.
 */
final class NetworkTeacher implements FrozenTeacher {
    private final FrozenModule module;
    private final NetworkGraph network;
    private final int size;
    private final boolean bfloat16;

    private NetworkTeacher(FrozenModule module, NetworkGraph network, int size, boolean bfloat16) {
        this.module = module;
        this.network = network;
        this.size = size;
        this.bfloat16 = bfloat16;
    }

    /**
     * @throws UserError if the file can't be read or doesn't hold the network's weights
     */
    static NetworkTeacher load(Torch torch, Teacher asked, Precision precision, Consumer<String> notices) {
        Path file = Path.of(asked.getSource());
        StateDict found = WeightsFile.read(file);
        PartRequest part = part(asked);
        NetworkGraph network = network(asked, found, part, file);
        network.misfit(asked.getSize()).ifPresent(why -> {
            throw new UserError("--teacher-size: " + why);
        });
        NetworkFit.Found fit = NetworkFit.find(found, network, part, file.toString(), notices);
        boolean bfloat16 = precision == Precision.BFLOAT16;
        NetworkGraph taken = TokenFeature.of(fit.network(), asked.getOutput(), "--teacher-output");
        StateDict weights = fit.weights().finite(file.toString());
        FrozenModule module = FrozenModule.of(torch, taken, weights, asked.getPixels(), bfloat16);
        return new NetworkTeacher(module, taken, asked.getSize(), bfloat16);
    }

    /** Which of the networks in its file a teacher is. */
    static PartRequest part(Teacher asked) {
        return new PartRequest(asked.getPart(), "--teacher-part");
    }

    /** The choice among the networks in its file. */
    static PartChoice choice(Teacher asked) {
        Path file = Path.of(asked.getSource());
        NetworkGraph network = Networks.backbone(asked.getNetwork());
        return NetworkFit.find(WeightsFile.read(file), network, part(asked), file.toString())
                .choice();
    }

    private static NetworkGraph network(Teacher asked, StateDict found, PartRequest part, Path file) {
        if (asked.getFeature() == Teacher.Feature.POOLED) {
            return Networks.backbone(asked.getNetwork());
        }
        int classes = NetworkFit.classes(found, asked.getNetwork(), part, file.toString());
        return Networks.classifier(asked.getNetwork(), classes);
    }

    @Override
    public NDArray features(NDManager scope, NDArray images) {
        return module.features(scope, images);
    }

    @Override
    public int width() {
        return network.outputs();
    }

    @Override
    public int size() {
        return size;
    }

    @Override
    public boolean bfloat16() {
        return bfloat16;
    }

    @Override
    public NetworkCost cost() {
        return FrozenTeacher.cost(network, size);
    }

    @Override
    public void close() {
        module.close();
    }
}
