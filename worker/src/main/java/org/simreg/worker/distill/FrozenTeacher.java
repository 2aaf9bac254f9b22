package org.simreg.worker.distill;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.nio.file.Path;
import org.simreg.proto.Precision;
import org.simreg.worker.checkpoint.Checkpoints;
import org.simreg.worker.checkpoint.Fit;
import org.simreg.worker.checkpoint.StateDict;
import org.simreg.worker.network.Network;
import org.simreg.worker.network.Networks;
import org.simreg.worker.torchscript.FrozenModule;
import org.simreg.worker.torchscript.Torch;

/**
 * A network with published weights, in evaluation mode, its BatchNorm folded into the convolutions.
 */
final class FrozenTeacher implements Teacher {
    private final FrozenModule module;
    private final int width;
    private final int size;

    private FrozenTeacher(FrozenModule module, int width, int size) {
        this.module = module;
        this.width = width;
        this.size = size;
    }

    /**
     * @throws org.simreg.proto.UserError if the file can't be read or doesn't hold the network's
     *     weights
     */
    static FrozenTeacher load(Torch torch, org.simreg.proto.Teacher asked, Precision precision) {
        Path file = Path.of(asked.getSource());
        StateDict found = Checkpoints.read(file);
        Network network = network(asked, found, file);
        StateDict weights = Fit.fit(found, network, file.toString());
        boolean bfloat16 = precision == Precision.BFLOAT16;
        FrozenModule module = FrozenModule.of(torch, network, weights, asked.getPixels(), bfloat16);
        return new FrozenTeacher(module, network.outputs(), asked.getSize());
    }

    private static Network network(org.simreg.proto.Teacher asked, StateDict found, Path file) {
        if (asked.getFeature() == org.simreg.proto.Teacher.Feature.POOLED) {
            return Networks.backbone(asked.getNetwork());
        }
        int classes = Fit.classes(found, asked.getNetwork(), file.toString());
        return Networks.classifier(asked.getNetwork(), classes);
    }

    @Override
    public NDArray features(NDManager scope, NDArray images) {
        return module.features(scope, images);
    }

    @Override
    public int width() {
        return width;
    }

    @Override
    public int size() {
        return size;
    }

    @Override
    public void close() {
        module.close();
    }
}
