package org.simreg.worker.features.embed;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.simreg.proto.Job;
import org.simreg.proto.Network;
import org.simreg.proto.Precision;
import org.simreg.proto.UserError;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.Networks;
import org.simreg.worker.weights.checkpoint.NetworkFit;
import org.simreg.worker.weights.checkpoint.NetworkRecognizer;
import org.simreg.worker.weights.checkpoint.RecognizedFile;
import org.simreg.worker.weights.checkpoint.RecognizedFile.FoundNetwork.Role;
import org.simreg.worker.weights.checkpoint.WeightsFile;
import org.simreg.worker.weights.tensor.StateDict;

/**
 * The network that is chosen of a file: by the request, by the run that the file comes from, or by
 * the file's own names.
 *
 * @param weights of {@code network}, float32
 * @param prefix of them in the file, where that was looked for
 * @param recognised all that the file holds
 */
record WeightsChoice(
        NetworkGraph network, StateDict weights, String prefix, Precision precision, RecognizedFile recognised) {
    /**
     * @param notices takes a sentence if the file fits more than one network
     * @throws UserError if the file can't be read or doesn't hold what is asked
     */
    static WeightsChoice of(FrozenBackbone.Request asked, Consumer<String> notices) {
        Path file = asked.file();
        String name = file.toString();
        Optional<Job> job = asked.part() == Role.STUDENT ? asked.job() : Optional.empty();
        RecognizedFile found = NetworkRecognizer.of(WeightsFile.read(file));
        Precision precision =
                asked.precision().or(() -> job.map(Job::getPrecision)).orElse(Precision.FLOAT32);
        Optional<Network> named =
                asked.network().or(() -> job.map(run -> run.getStudent().getNetwork()));
        if (named.isPresent() && asked.part() == Role.STUDENT) {
            NetworkGraph network = Networks.backbone(named.get());
            StateDict weights = NetworkFit.fit(found.tensors(), network, name);
            return new WeightsChoice(network, weights, "", precision, found);
        }
        RecognizedFile.FoundNetwork part = found.network(asked.part(), name);
        if (asked.network().isEmpty()) {
            tell(part, found, name, notices);
        }
        NetworkGraph network = Networks.backbone(asked.network().orElse(part.name()));
        StateDict weights = NetworkFit.fit(found.tensors(), part.prefix(), network, name);
        return new WeightsChoice(network, weights, part.prefix(), precision, found);
    }

    private static void tell(
            RecognizedFile.FoundNetwork part, RecognizedFile found, String file, Consumer<String> notices) {
        for (Network alike : Networks.alike(part.name())) {
            String name = part.network().name();
            notices.accept("the weights of %s fit %s and %s alike; taken as %s, unless --network says otherwise"
                    .formatted(file, name, Networks.backbone(alike).name(), name));
        }
        List<RecognizedFile.FoundNetwork> alike = found.networks().stream()
                .filter(other -> other.role() == part.role())
                .toList();
        if (alike.size() > 1) {
            notices.accept("%s holds %s; taken is the first"
                    .formatted(
                            file,
                            alike.stream()
                                    .map(n -> n.network().name() + " at '" + n.prefix() + "'")
                                    .collect(Collectors.joining(" and "))));
        }
    }

    /** "resnet18", "mobilenet-v2 (teacher)". */
    String name(Role part) {
        String role = part.name().toLowerCase(Locale.ROOT);
        return part == Role.STUDENT ? network.name() : network.name() + " (" + role + ")";
    }
}
