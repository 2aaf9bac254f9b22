package org.simreg.worker.train.teacher;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.simreg.proto.NetworkCost;
import org.simreg.proto.Precision;
import org.simreg.proto.Teacher;
import org.simreg.proto.UserError;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.engine.torchscript.ScriptModule;

/**
 * A TorchScript file as a teacher; the width of its feature is found by running it. It computes as it was written, but
 * on a GPU in bfloat16 where the job does: float32 has no tensor cores.
 */
final class ScriptTeacher implements FrozenTeacher {
    private final ScriptModule module;
    private final Path file;
    private final int size;
    private final int width;

    /**
     * @param asked size, pixels and output that it wants
     * @param precision of the job
     * @throws UserError if the file is no module from images to features of one width
     */
    ScriptTeacher(Torch torch, Path file, Teacher asked, Precision precision) {
        this.file = file;
        size = asked.getSize();
        module = new ScriptModule(
                torch,
                file,
                asked.getPixels(),
                new ScriptModule.Wanted(asked.getOutput(), "--teacher-output"),
                torch.cuda() && precision == Precision.BFLOAT16);
        try {
            width = width(torch, 1);
            // A module that was traced with its batch size in it fails here, not in a step.
            same(width(torch, 2));
        } catch (RuntimeException e) {
            module.close();
            throw e;
        }
    }

    private int width(Torch torch, int images) {
        try (NDManager scope = torch.scope()) {
            ByteBuffer black = ByteBuffer.allocateDirect(images * size * size * 3);
            NDArray features = module.features(scope, Torch.images(scope, black, images, size));
            return (int) features.getShape().get(1);
        }
    }

    private void same(long found) {
        if (found != width) {
            throw new UserError(
                    "%s gave features of width %d, and of width %d before; a teacher's feature has one width"
                            .formatted(file, found, width));
        }
    }

    @Override
    public NDArray features(NDManager scope, NDArray images) {
        NDArray features = module.features(scope, images);
        same(features.getShape().get(1));
        return features;
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
    public boolean bfloat16() {
        return module.bfloat16();
    }

    /** Unknown. */
    @Override
    public NetworkCost cost() {
        return NetworkCost.getDefaultInstance();
    }

    @Override
    public void close() {
        module.close();
    }
}
