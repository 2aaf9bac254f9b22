package org.simreg.worker.features.serve;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.simreg.proto.ImageSource;
import org.simreg.proto.Interpolation;
import org.simreg.proto.Network;
import org.simreg.proto.TeacherSource;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.UserFile;
import org.simreg.worker.data.storage.WorkerSettings;
import org.simreg.worker.data.view.ViewRecipe;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.features.embed.FrozenBackbone;
import org.simreg.worker.weights.part.PartRequest;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A frozen network that stays open until another one is asked for. Used by one thread at a time. */
final class EmbeddingNetwork implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(EmbeddingNetwork.class);

    private static final int USUAL_SIZE = 224;

    private final WorkerSettings settings;
    private final List<String> notes = new ArrayList<>();
    private Torch torch;
    private ImageSource source;
    private FrozenBackbone backbone;

    EmbeddingNetwork(WorkerSettings settings) {
        this.settings = settings;
    }

    /**
     * The network that makes a bank's features.
     *
     * @throws UserError if its weights can't be had
     */
    FrozenBackbone of(ImageSource asked) {
        if (backbone == null || !asked.equals(source)) {
            close();
            notes.clear();
            torch = new Torch(settings.device(), settings.threads(), settings.torchscript());
            torch.enter();
            backbone = FrozenBackbone.open(
                    torch,
                    new FrozenBackbone.Request(
                            here(asked.getWeights()),
                            asked.hasNetwork() && asked.getNetwork() != Network.AUTO
                                    ? Optional.of(asked.getNetwork())
                                    : Optional.empty(),
                            asked.hasPrecision() ? Optional.of(asked.getPrecision()) : Optional.empty(),
                            PartRequest.of(asked.hasPart() ? Optional.of(asked.getPart()) : Optional.empty(), "--part"),
                            new FrozenBackbone.Ends(
                                    asked.hasPixels() ? Optional.of(asked.getPixels()) : Optional.empty(),
                                    interpolation(asked),
                                    asked.getOutput())),
                    notes::add);
            notes.forEach(LOG::info);
            source = asked;
        }
        torch.enter();
        return backbone;
    }

    /**
     * Looks at a bank's weights, and copies them from the coordinator where this worker doesn't see them: storage that gives
     * no answer is waited for here. Called by any thread. What is wrong with the weights {@link #of} says.
     */
    void look(ImageSource asked) {
        String weights = here(asked.getWeights());
        TeacherSource source = TeacherSource.of(weights);
        String file = source instanceof TeacherSource.TorchScript script ? script.file() : weights;
        try (FileChannel opened = UserFile.open(Path.of(file))) {
            LOG.debug("{} has {} bytes", file, opened.size());
        } catch (IOException | UserError e) {
            LOG.debug("{} can't be read", file, e);
        }
    }

    /** What was chosen where the file of weights leaves a choice, a sentence each. */
    List<String> notes() {
        return List.copyOf(notes);
    }

    Torch torch() {
        return torch;
    }

    /** Empty: the network decides. */
    private static Optional<Interpolation> interpolation(ImageSource asked) {
        if (asked.hasInterpolation()) {
            return Optional.of(asked.getInterpolation());
        }
        return asked.getAsTrained() ? Optional.empty() : Optional.of(Interpolation.BILINEAR);
    }

    /**
     * The view that a bank's images are seen in.
     *
     * @throws UserError as {@link #of}
     */
    ViewRecipe.CentreView view(ImageSource asked) {
        int size = asked.hasSize() ? asked.getSize() : USUAL_SIZE;
        int resize = asked.hasResize() ? asked.getResize() : size * 8 / 7;
        return new ViewRecipe.CentreView(resize, size, of(asked).interpolation());
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
        String copy = settings.storage().get().weights(file, LOG::warn).toString();
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
