package org.simreg.worker.engine.torchscript;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.simreg.proto.Pixels;
import org.simreg.proto.UserError;
import org.simreg.worker.engine.torch.CodeArchive;
import org.simreg.worker.engine.torch.ScriptSource;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.engine.torch.TorchModule;

/**
 * A TorchScript file from outside as a frozen network from images to features. The file gets (N, 3,
 * H, W) float32, normalised as asked for, and must give (N, D).
 */
public final class ScriptModule implements AutoCloseable {
    private final Path file;
    private final TorchModule module;
    private final TorchModule pixels;

    /**
     * A module that wants ImageNet's mean and deviation.
     *
     * @throws UserError if libtorch can't load the file
     */
    public ScriptModule(Torch torch, Path file) {
        this(torch, file, Pixels.IMAGENET);
    }

    /**
     * A module that wants its pixels normalised in a way of its own.
     *
     * @param wanted pixels that the module wants
     * @throws UserError if libtorch can't load the file
     */
    public ScriptModule(Torch torch, Path file, Pixels wanted) {
        if (!Files.isReadable(file)) {
            throw new UserError("the TorchScript file " + file + " can't be read; check its path and permissions");
        }
        this.file = file;
        torch.enter();
        try {
            module = TorchModule.foreign(torch, file);
        } catch (EngineException e) {
            throw new UserError(
                    file + " is no TorchScript file that libtorch can load; write it with torch.jit.save", e);
        }
        ScriptSource source = new ScriptSource().method("pixels(self, images: Tensor) -> Tensor");
        source.line("return %s", PixelCode.append(source, wanted, false));
        source.method("single(self, features: Tensor) -> Tensor");
        source.line("return torch.to(features, %d)", ScriptSource.FLOAT32);
        pixels = TorchModule.load(torch, CodeArchive.of("Pixels", List.of(), source.toString()));
    }

    /**
     * The features of images.
     *
     * @param images (N, H, W, 3) uint8
     * @return (N, D) float32, any length
     * @throws UserError if the module fails or gives anything else
     */
    public NDArray features(NDManager scope, NDArray images) {
        try (NDArray normalised = pixels.call(scope, "pixels", images).get(0);
                NDList results = run(scope, normalised)) {
            List<Shape> shapes = results.stream().map(NDArray::getShape).toList();
            long rows = images.getShape().get(0);
            if (shapes.size() != 1
                    || shapes.get(0).dimension() != 2
                    || shapes.get(0).get(0) != rows) {
                throw new UserError(file
                        + " gave tensors of the shapes "
                        + shapes
                        + " for images "
                        + normalised.getShape()
                        + "; it must give one of shape (N, D)");
            }
            // By libtorch: DJL doesn't know bfloat16.
            return pixels.call(scope, "single", results.get(0)).get(0);
        }
    }

    /** DJL refuses what it has no Java value for, such as a number. */
    private NDList run(NDManager scope, NDArray normalised) {
        try {
            return module.call(scope, "forward", normalised);
        } catch (EngineException | UnsupportedOperationException e) {
            throw new UserError(file + " failed on images " + normalised.getShape() + ": " + firstLine(e), e);
        }
    }

    private static String firstLine(RuntimeException e) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse("no reason given");
    }

    @Override
    public void close() {
        pixels.close();
        module.close();
    }
}
