package org.simreg.worker.distill;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.simreg.worker.torchscript.ScriptModule;
import org.simreg.worker.torchscript.Torch;

/** Any TorchScript file as a teacher; the width of its feature is found by running it once. */
final class ScriptTeacher implements Teacher {
    private final ScriptModule module;
    private final int width;

    /**
     * @param size of the views, in pixels
     * @throws org.simreg.proto.UserError if the file is no module from images to features
     */
    ScriptTeacher(Torch torch, Path file, int size) {
        module = new ScriptModule(torch, file);
        try (NDManager scope = torch.scope()) {
            NDArray black =
                    Torch.images(scope, ByteBuffer.allocateDirect(size * size * 3), 1, size);
            width = (int) module.features(scope, black).getShape().get(1);
        } catch (RuntimeException e) {
            module.close();
            throw e;
        }
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
    public void close() {
        module.close();
    }
}
