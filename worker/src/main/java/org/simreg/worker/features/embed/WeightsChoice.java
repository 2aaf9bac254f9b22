package org.simreg.worker.features.embed;

import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;
import org.simreg.proto.Job;
import org.simreg.proto.Network;
import org.simreg.proto.Precision;
import org.simreg.proto.UserError;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.family.Networks;
import org.simreg.worker.weights.checkpoint.FittingNetwork;
import org.simreg.worker.weights.checkpoint.NetworkFit;
import org.simreg.worker.weights.checkpoint.NetworkRecognizer;
import org.simreg.worker.weights.checkpoint.RecognizedFile;
import org.simreg.worker.weights.checkpoint.ShownImages;
import org.simreg.worker.weights.checkpoint.WeightsFile;
import org.simreg.worker.weights.part.Part;
import org.simreg.worker.weights.tensor.StateDict;

/**
 * The network that is chosen of a file: by the request, by the run that the file comes from, or by
 * the file's own names.
 *
 * @param kind which known network it is
 * @param weights of {@code network}, float32
 * @param part which of the file's networks it is
 * @param recognised all that the file holds
 */
record WeightsChoice(
        Network kind,
        NetworkGraph network,
        StateDict weights,
        Part part,
        Precision precision,
        RecognizedFile recognised) {
    /**
     * @param notices takes the sentence that says which network it is, where nobody named it, and which part
     * @throws UserError if the file can't be read or doesn't hold what is asked
     */
    static WeightsChoice of(FrozenBackbone.Request asked, Consumer<String> notices) {
        Path file = asked.file();
        String name = file.toString();
        Optional<Job> job = asked.job();
        RecognizedFile found = NetworkRecognizer.of(WeightsFile.read(file));
        Precision precision = asked.precision().or(() -> shown(asked)).orElse(Precision.FLOAT32);
        Optional<Network> named = asked.network()
                .or(() -> job.map(run -> run.getStudent().getNetwork())
                        .filter(run -> asked.part().isAny()));
        if (named.isPresent()) {
            NetworkGraph network = Networks.backbone(named.get());
            NetworkFit.Found fit = NetworkFit.find(found.tensors(), network, asked.part(), name);
            fit.choice().note(asked.part(), network.name(), name).ifPresent(notices);
            return new WeightsChoice(
                    named.get(),
                    fit.network(),
                    fit.weights().finite(name),
                    fit.choice().taken(),
                    precision,
                    found);
        }
        RecognizedFile.FoundNetwork part = found.network(asked.part(), name, notices);
        notices.accept(FittingNetwork.note(part.name(), name, "--network"));
        StateDict weights = found.weights(part, part.network(), name).finite(name);
        return new WeightsChoice(part.name(), part.network(), weights, part.part(), precision, found);
    }

    private static Optional<Precision> shown(FrozenBackbone.Request asked) {
        return asked.part().isAny() ? asked.shown().map(ShownImages::precision) : Optional.empty();
    }

    /** "resnet18"; "mobilenet-v2 (teacher)", or with its prefix where the file has several trained ones. */
    String name() {
        if (!part.role().isTrained()) {
            return network.name() + " (" + part.option(recognised.parts()) + ")";
        }
        long trained = recognised.networks().stream()
                .filter(found ->
                        found.role().isTrained() && found.network().name().equals(network.name()))
                .count();
        return trained < 2 ? network.name() : network.name() + " (" + part.prefix() + ")";
    }
}
