package org.simreg.worker.engine.torchscript;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.JniUtils;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.simreg.proto.UserError;
import org.simreg.worker.engine.torch.CodeArchive;
import org.simreg.worker.engine.torch.LibtorchFailure;
import org.simreg.worker.engine.torch.ScriptSource;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.engine.torch.TorchModule;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.Op;
import org.simreg.worker.weights.format.script.ScriptArchive;

/**
 * A trial of a TorchScript module from outside as a student: run once for evaluation and once for
 * training, it becomes a network of one layer.
 */
public final class ScriptStudent implements AutoCloseable {
    private static final int IMAGES = 2;

    private final Path file;
    private final int size;
    private final TorchModule module;

    private ScriptStudent(Torch torch, Path file, ScriptArchive archive, int size) {
        this.file = file;
        this.size = size;
        torch.enter();
        try {
            byte[] code = CodeArchive.around(archive, "Trial", List.of(), methods());
            module = TorchModule.load(torch, code);
        } catch (EngineException e) {
            throw refused("can't be loaded by libtorch: " + LibtorchFailure.reason(e), e);
        }
    }

    /**
     * Runs the module once for evaluation and once for training.
     *
     * @param size of the views, in pixels
     * @return one layer, the module, from images to its feature
     * @throws UserError if the module doesn't map images (N, 3, size, size) to features (N, D) that
     *     depend on its parameters and, when evaluated, on nothing random
     */
    public static NetworkGraph network(Torch torch, Path file, int size) {
        torch.requireForeign(file);
        ScriptArchive archive = ScriptArchive.read(file);
        int width;
        try (ScriptStudent trial = new ScriptStudent(torch, file, archive, size)) {
            width = trial.width(torch);
            // What it draws must not come between the draws of another student.
            Torch.drawing(0, () -> trial.train(torch));
        }
        Op.Script op = new Op.Script(file, archive.sha256(), archive.weights());
        return new NetworkGraph(name(file), List.of(new NetworkGraph.Node("", op, 0, -1)), 3, width);
    }

    /** The name of the module's exported files, without suffix. */
    public static String name(Path file) {
        return file.getFileName().toString().replaceAll("(\\.torchscript)?\\.(pt|pth|jit|ts|torchscript)$", "");
    }

    private static String methods() {
        ScriptSource source = new ScriptSource().method("features(self, images: Tensor) -> Tensor");
        String x = PixelCode.append(source, false);
        source.line("module = self.%s", CodeArchive.MODULE);
        source.line("return (module).forward(torch.contiguous(%s), )", x);
        source.method("learns(self, images: Tensor) -> Tensor");
        source.line("feature = self.features(images)");
        source.line("asks = ops.prim.requires_grad(feature)");
        source.line("return torch.tensor([float(asks), 0.])");
        return source.toString();
    }

    private int width(Torch torch) {
        try (NDManager scope = torch.scope()) {
            NDArray feature = call(scope, "features", false);
            Shape shape = feature.getShape();
            if (shape.dimension() != 2 || shape.get(0) != IMAGES || shape.get(1) < 1) {
                throw refused(
                        "gave a tensor of shape %s for images %s; a student gives (N, D)".formatted(shape, shown()),
                        null);
            }
            if (feature.getDataType() != DataType.FLOAT32) {
                throw refused("gave %s features; a student gives float32".formatted(feature.getDataType()), null);
            }
            float[] again = call(scope, "features", false).toFloatArray();
            if (!Arrays.equals(feature.toFloatArray(), again)) {
                throw refused(
                        "gave other features for the same images when it was evaluated again; save it without what is random there",
                        null);
            }
            return Math.toIntExact(shape.get(1));
        }
    }

    private void train(Torch torch) {
        module.training();
        try (NDManager scope = torch.scope()) {
            if (call(scope, "learns", true).toFloatArray()[0] == 0) {
                throw refused(
                        "gives features that no gradient flows from; save it with parameters that ask for gradients",
                        null);
            }
        }
    }

    private NDArray call(NDManager scope, String method, boolean gradients) {
        JniUtils.setGradMode(gradients);
        try {
            return module.call(scope, method, images(scope)).get(0);
        } catch (EngineException | UnsupportedOperationException e) {
            throw refused("failed on images %s: %s".formatted(shown(), LibtorchFailure.reason(e)), e);
        } finally {
            JniUtils.setGradMode(false);
        }
    }

    private NDArray images(NDManager scope) {
        ByteBuffer bytes = ByteBuffer.allocateDirect(IMAGES * size * size * 3);
        for (int i = 0; i < bytes.capacity(); i++) {
            bytes.put(i, (byte) (i * 2654435761L >>> 13));
        }
        return Torch.images(scope, bytes, IMAGES, size);
    }

    private Shape shown() {
        return new Shape(IMAGES, 3, size, size);
    }

    private UserError refused(String what, RuntimeException cause) {
        String message = "Can't train the TorchScript module " + file + ": it " + what;
        return cause == null ? new UserError(message) : new UserError(message, cause);
    }

    @Override
    public void close() {
        module.close();
    }
}
