package org.simreg.worker.torchscript;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.simreg.proto.UserError;

/**
 * Somebody's TorchScript file from images to features. It gets (N, 3, H, W) float32 with ImageNet's
 * mean and deviation and must give (N, D).
 */
public final class ScriptModule implements AutoCloseable {
    private final Path file;
    private final TorchModule module;
    private final TorchModule pixels;

    /**
     * @throws UserError if libtorch can't load the file
     */
    public ScriptModule(Torch torch, Path file) {
        if (!Files.isReadable(file)) {
            throw new UserError(
                    "the TorchScript file "
                            + file
                            + " can't be read; check its path and permissions");
        }
        this.file = file;
        torch.enter();
        try {
            module = TorchModule.load(torch, file);
        } catch (EngineException e) {
            throw new UserError(
                    file
                            + " is no TorchScript file that libtorch can load; write it with torch.jit.save",
                    e);
        }
        Source source = new Source().method("pixels(self, images: Tensor) -> Tensor");
        source.line("return %s", Pixels.append(source, false));
        pixels = TorchModule.load(torch, CodeArchive.of("Pixels", List.of(), source.toString()));
    }

    /**
     * @param images (N, H, W, 3) uint8
     * @return (N, D) float32, any length
     * @throws UserError if the module fails or gives anything else
     */
    public NDArray features(NDManager scope, NDArray images) {
        NDArray normalised = pixels.call(scope, "pixels", images).get(0);
        NDList results;
        try {
            results = module.call(scope, "forward", normalised);
        } catch (EngineException e) {
            throw new UserError(
                    file + " failed on images " + normalised.getShape() + ": " + firstLine(e), e);
        }
        Shape shape = results.get(0).getShape();
        if (results.size() != 1
                || shape.dimension() != 2
                || shape.get(0) != normalised.getShape().get(0)) {
            throw new UserError(
                    file
                            + " gave "
                            + results.size()
                            + " tensors, the first of shape "
                            + shape
                            + ", for images "
                            + normalised.getShape()
                            + "; it must give one of shape (N, D)");
        }
        return results.get(0);
    }

    private static String firstLine(EngineException e) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse("no reason given");
    }

    @Override
    public void close() {
        pixels.close();
        module.close();
    }
}
