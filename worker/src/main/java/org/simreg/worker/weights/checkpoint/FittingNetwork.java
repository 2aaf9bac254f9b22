package org.simreg.worker.weights.checkpoint;

import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.simreg.proto.Network;
import org.simreg.proto.UserError;
import org.simreg.worker.network.family.Networks;
import org.simreg.worker.weights.checkpoint.RecognizedFile.FoundNetwork;
import org.simreg.worker.weights.part.PartRequest;
import org.simreg.worker.weights.part.PartRole;
import org.simreg.worker.weights.tensor.StateDict;

/** The choice of the network that a file's names and shapes fit, where nobody names it. */
public final class FittingNetwork {
    private FittingNetwork() {}

    /**
     * The one known network that a file holds; of a training checkpoint that holds a frozen teacher, the teacher's.
     *
     * @param asked which of the file's networks
     * @param fileName for messages
     * @param option that names a network, for messages: {@code --teacher-network}
     * @param notices takes the sentence that says which it is
     * @throws UserError if none fits, or several do; the message lists them
     */
    public static Network of(
            StateDict file, PartRequest asked, String fileName, String option, Consumer<String> notices) {
        RecognizedFile found = NetworkRecognizer.of(file);
        List<FoundNetwork> parts = asked.among(found.networks(), FoundNetwork::part);
        if (parts.isEmpty() && !found.networks().isEmpty()) {
            throw found.refusal(asked, fileName);
        }
        List<FoundNetwork> teachers =
                parts.stream().filter(n -> n.role() == PartRole.TEACHER).toList();
        List<FoundNetwork> meant = teachers.isEmpty() ? parts : teachers;
        List<Network> names = meant.stream().map(FoundNetwork::name).distinct().toList();
        if (names.size() == 1) {
            notices.accept(note(names.get(0), fileName, option));
            return names.get(0);
        }
        if (names.isEmpty() && WeightsFile.isScript(Path.of(fileName))) {
            throw RecognizedFile.script(fileName, found.why());
        }
        String why = names.isEmpty() ? found.why() : several(meant);
        throw new UserError(
                "Can't tell the network of %s: %s; name one with %s (%s); any other module can be given as torchscript:FILE"
                        .formatted(fileName, why, option, names(names.isEmpty() ? Networks.all() : names)));
    }

    /** "the weights of FILE are taken as resnet50, which has the names and shapes of resnet50-byol too; .." */
    public static String note(Network name, String fileName, String option) {
        List<Network> alike = Networks.alike(name);
        String others = alike.isEmpty()
                ? ""
                : ", which has the names and shapes of " + names(alike) + " too; " + option + " can say otherwise";
        return "the weights of " + fileName + " are taken as "
                + Networks.backbone(name).name() + others;
    }

    private static String several(List<FoundNetwork> meant) {
        return "it holds "
                + meant.stream()
                        .map(n -> n.network().name() + " at '" + n.prefix() + "'")
                        .collect(Collectors.joining(" and "));
    }

    private static String names(List<Network> networks) {
        return networks.stream().map(name -> Networks.backbone(name).name()).collect(Collectors.joining(", "));
    }
}
