package org.simreg.worker.serve;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;
import org.simreg.proto.ImageSource;
import org.simreg.proto.TeacherSource;
import org.simreg.worker.data.CentreView;
import org.simreg.worker.distill.WorkerSettings;
import org.simreg.worker.embed.Backbone;
import org.simreg.worker.inspect.FoundNetwork.Role;
import org.simreg.worker.torchscript.Torch;

/** The frozen network that was asked for last, kept open. Belongs to one thread. */
final class Frozen implements AutoCloseable {
    private static final int USUAL_SIZE = 224;

    private final WorkerSettings settings;
    private final Consumer<String> notices;
    private Torch torch;
    private ImageSource source;
    private Backbone backbone;

    Frozen(WorkerSettings settings, Consumer<String> notices) {
        this.settings = settings;
        this.notices = notices;
    }

    /**
     * The network that makes a bank's features.
     *
     * @throws org.simreg.proto.UserError if its weights can't be had
     */
    Backbone of(ImageSource asked) {
        if (backbone == null || !asked.equals(source)) {
            close();
            torch = new Torch(settings.device(), settings.threads());
            torch.enter();
            backbone =
                    Backbone.open(
                            torch,
                            new Backbone.Asked(
                                    here(asked.getWeights()),
                                    asked.hasNetwork()
                                            ? Optional.of(asked.getNetwork())
                                            : Optional.empty(),
                                    asked.hasPrecision()
                                            ? Optional.of(asked.getPrecision())
                                            : Optional.empty(),
                                    Role.STUDENT,
                                    asked.getPixels()),
                            notices);
            source = asked;
        }
        return backbone;
    }

    Torch torch() {
        return torch;
    }

    /** The view that a bank's images are seen in. */
    static CentreView view(ImageSource asked) {
        int size = asked.hasSize() ? asked.getSize() : USUAL_SIZE;
        return new CentreView(asked.hasResize() ? asked.getResize() : size * 8 / 7, size);
    }

    /**
     * Features of views.
     *
     * @param views (n, size, size, 3) uint8, direct
     * @return (n, D)
     */
    float[] features(ByteBuffer views, int n, int size) {
        try (NDManager scope = torch.scope()) {
            NDArray images = Torch.images(scope, views, n, size);
            return backbone.of(scope, images).toFloatArray();
        }
    }

    /** A file that this worker doesn't see is copied from the coordinator, once. */
    private String here(String weights) {
        boolean script = TeacherSource.of(weights) instanceof TeacherSource.TorchScript;
        String file = script ? weights.substring("torchscript:".length()) : weights;
        if (Files.isReadable(Path.of(file)) || settings.storage().isEmpty()) {
            return weights;
        }
        String copy = settings.storage().get().weights(file, notices).toString();
        return script ? "torchscript:" + copy : copy;
    }

    @Override
    public void close() {
        if (backbone != null) {
            backbone.close();
            backbone = null;
        }
        if (torch != null) {
            torch.close();
            torch = null;
        }
    }
}
