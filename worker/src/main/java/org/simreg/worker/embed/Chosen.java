package org.simreg.worker.embed;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.simreg.proto.Job;
import org.simreg.proto.Precision;
import org.simreg.proto.UserError;
import org.simreg.worker.checkpoint.Checkpoints;
import org.simreg.worker.checkpoint.Fit;
import org.simreg.worker.checkpoint.StateDict;
import org.simreg.worker.inspect.FoundNetwork;
import org.simreg.worker.inspect.FoundNetwork.Role;
import org.simreg.worker.inspect.Recognised;
import org.simreg.worker.inspect.Recognition;
import org.simreg.worker.network.Network;
import org.simreg.worker.network.Networks;

/**
 * The network of a file that is meant, by what was asked, by the run that the file comes from, or
 * by the file's own names.
 *
 * @param weights of {@code network}, float32
 * @param prefix of them in the file, where that was looked for
 * @param recognised all that the file holds
 */
record Chosen(
        Network network,
        StateDict weights,
        String prefix,
        Precision precision,
        Recognised recognised) {
    /**
     * @param notices takes a sentence if the file fits more than one network
     * @throws UserError if the file can't be read or doesn't hold what is asked
     */
    static Chosen of(Backbone.Asked asked, Consumer<String> notices) {
        Path file = asked.file();
        String name = file.toString();
        Optional<Job> job = asked.part() == Role.STUDENT ? asked.job() : Optional.empty();
        Recognised found = Recognition.of(Checkpoints.read(file));
        Precision precision =
                asked.precision().or(() -> job.map(Job::getPrecision)).orElse(Precision.FLOAT32);
        Optional<org.simreg.proto.Network> named =
                asked.network().or(() -> job.map(run -> run.getStudent().getNetwork()));
        if (named.isPresent() && asked.part() == Role.STUDENT) {
            Network network = Networks.backbone(named.get());
            StateDict weights = Fit.fit(found.tensors(), network, name);
            return new Chosen(network, weights, "", precision, found);
        }
        FoundNetwork part = found.network(asked.part(), name);
        if (asked.network().isEmpty()) {
            tell(part, found, name, notices);
        }
        Network network = Networks.backbone(asked.network().orElse(part.name()));
        StateDict weights = Fit.fit(found.tensors(), part.prefix(), network, name);
        return new Chosen(network, weights, part.prefix(), precision, found);
    }

    private static void tell(
            FoundNetwork part, Recognised found, String file, Consumer<String> notices) {
        if (part.name() == org.simreg.proto.Network.RESNET50) {
            notices.accept(
                    "the weights of %s fit resnet50 and resnet50-byol alike; taken as resnet50, unless --network says otherwise"
                            .formatted(file));
        }
        List<FoundNetwork> alike =
                found.networks().stream().filter(other -> other.role() == part.role()).toList();
        if (alike.size() > 1) {
            notices.accept(
                    "%s holds %s; taken is the first"
                            .formatted(
                                    file,
                                    alike.stream()
                                            .map(
                                                    n ->
                                                            n.network().name()
                                                                    + " at '"
                                                                    + n.prefix()
                                                                    + "'")
                                            .collect(Collectors.joining(" and "))));
        }
    }

    /** "resnet18", "mobilenet-v2 (teacher)". */
    String name(Role part) {
        String role = part.name().toLowerCase(Locale.ROOT);
        return part == Role.STUDENT ? network.name() : network.name() + " (" + role + ")";
    }
}
