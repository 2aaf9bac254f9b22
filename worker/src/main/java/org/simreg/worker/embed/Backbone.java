package org.simreg.worker.embed;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.simreg.proto.Job;
import org.simreg.proto.Precision;
import org.simreg.proto.TeacherSource;
import org.simreg.proto.UserError;
import org.simreg.worker.checkpoint.Checkpoints;
import org.simreg.worker.checkpoint.Fit;
import org.simreg.worker.checkpoint.RunFiles;
import org.simreg.worker.checkpoint.StateDict;
import org.simreg.worker.network.Network;
import org.simreg.worker.network.Networks;
import org.simreg.worker.torchscript.FrozenModule;
import org.simreg.worker.torchscript.ScriptModule;
import org.simreg.worker.torchscript.Torch;

/**
 * A network with the weights of a file, frozen: what training's evaluation makes of a student, for
 * weights from anywhere.
 */
public final class Backbone implements Features, AutoCloseable {
    private final Features features;
    private final AutoCloseable module;
    private final Identity identity;

    /**
     * What decides the features besides the images.
     *
     * @param file that holds the weights
     * @param sha256 of that file
     * @param network its name; {@code torchscript} for a module of others
     * @param precision float32 or bfloat16; a module of others decides for itself
     */
    public record Identity(Path file, String sha256, String network, Precision precision) {}

    /**
     * Which weights are meant.
     *
     * @param source a checkpoint, a run folder, or {@code torchscript:FILE}
     * @param network whose weights the file holds; empty if the file is to be recognised
     * @param precision empty: that of the run which the file comes from, else float32
     */
    public record Asked(
            String source,
            Optional<org.simreg.proto.Network> network,
            Optional<Precision> precision) {
        /** The file: of a run folder its newest checkpoint. */
        public Path file() {
            return TeacherSource.of(source) instanceof TeacherSource.TorchScript script
                    ? Path.of(script.file())
                    : RunFiles.weights(Path.of(source));
        }

        /** The job of the run that the file is a checkpoint of. */
        public Optional<Job> job() {
            return script() ? Optional.empty() : RunFiles.job(file());
        }

        boolean script() {
            return TeacherSource.of(source) instanceof TeacherSource.TorchScript;
        }
    }

    private Backbone(Features features, AutoCloseable module, Identity identity) {
        this.features = features;
        this.module = module;
        this.identity = identity;
    }

    /**
     * @param notices takes a sentence if the file fits more than one network
     * @throws UserError if the file can't be read or holds no known network's weights
     */
    public static Backbone open(Torch torch, Asked asked, Consumer<String> notices) {
        Path file = asked.file();
        if (asked.script()) {
            if (asked.network().isPresent() || asked.precision().isPresent()) {
                throw new UserError(
                        "A TorchScript module brings its own network and precision: leave out --network and --precision for torchscript:"
                                + file);
            }
            ScriptModule script = new ScriptModule(torch, file);
            Identity identity =
                    new Identity(file, FileDigest.sha256(file), "torchscript", Precision.FLOAT32);
            return new Backbone(script::features, script, identity);
        }
        StateDict found = Checkpoints.read(file);
        Optional<Job> job = asked.job();
        Network network = Networks.backbone(network(asked, job, found, notices));
        Precision precision =
                asked.precision().or(() -> job.map(Job::getPrecision)).orElse(Precision.FLOAT32);
        StateDict weights = Fit.fit(found, network, file.toString());
        FrozenModule frozen =
                FrozenModule.of(torch, network, weights, precision == Precision.BFLOAT16);
        Identity identity = new Identity(file, FileDigest.sha256(file), network.name(), precision);
        return new Backbone(frozen::features, frozen, identity);
    }

    private static org.simreg.proto.Network network(
            Asked asked, Optional<Job> job, StateDict found, Consumer<String> notices) {
        return asked.network()
                .or(() -> job.map(run -> run.getStudent().getNetwork()))
                .orElseGet(() -> recognised(asked.file(), found, notices));
    }

    private static org.simreg.proto.Network recognised(
            Path file, StateDict found, Consumer<String> notices) {
        List<org.simreg.proto.Network> fitting = Fit.fitting(found);
        if (fitting.isEmpty()) {
            // Says what is missing for the network that such files most often hold.
            Fit.fit(found, Networks.backbone(org.simreg.proto.Network.RESNET50), file.toString());
        }
        if (fitting.size() > 1) {
            List<String> names =
                    fitting.stream().map(name -> Networks.backbone(name).name()).toList();
            notices.accept(
                    "the weights of %s fit %s alike; taken as %s, unless --network says otherwise"
                            .formatted(file, String.join(" and ", names), names.get(0)));
        }
        return fitting.get(0);
    }

    /** What decides its features. */
    public Identity identity() {
        return identity;
    }

    @Override
    public NDArray of(NDManager scope, NDArray images) {
        return features.of(scope, images);
    }

    @Override
    public void close() {
        try {
            module.close();
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException("a frozen network could not be closed", e);
        }
    }
}
