package org.simreg.worker.inspect;

import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.simreg.proto.UserError;
import org.simreg.worker.checkpoint.Fit;
import org.simreg.worker.checkpoint.StateDict;
import org.simreg.worker.inspect.FoundNetwork.Role;
import org.simreg.worker.network.Networks;

/**
 * What a file's tensors are.
 *
 * @param tensors of the file, with torchvision's names where a port had TensorFlow's
 * @param networks complete in the file, the one that is usually meant first
 * @param heads sequences of linear layers outside of them
 * @param nearest where no network is complete, the one that lacks least
 * @param others how many tensors belong to neither, by the first two parts of their names
 */
public record Recognised(
        StateDict tensors,
        List<FoundNetwork> networks,
        List<FoundHead> heads,
        Optional<Near> nearest,
        Map<String, Integer> others) {
    public Recognised {
        networks = List.copyOf(networks);
        heads = List.copyOf(heads);
        others = Collections.unmodifiableMap(others);
    }

    /**
     * A network that a file nearly holds.
     *
     * @param problem "3 missing (a, b, c)"
     */
    public record Near(org.simreg.proto.Network name, String prefix, String problem) {}

    /**
     * The network of a role; of the student's, the one that {@link Fit} would take.
     *
     * @param role {@code STUDENT} also finds the only network of a file
     * @param fileName for the message
     * @throws UserError if there is none; the message says what the file has instead
     */
    public FoundNetwork network(Role role, String fileName) {
        return networks.stream()
                .filter(found -> found.role() == role)
                .findFirst()
                .or(() -> role == Role.STUDENT ? networks.stream().findFirst() : Optional.empty())
                .orElseThrow(() -> refusal(role, fileName));
    }

    /** The weights of a network that was found here, in its order, as float32. */
    public StateDict weights(FoundNetwork network, String fileName) {
        return Fit.fit(tensors, network.prefix(), network.network(), fileName);
    }

    /**
     * The heads that a student's feature goes into. The last layers of a classifier or of the
     * network's own pre-training ({@code encoder_q.fc.0}) are no heads of it.
     *
     * @param width of the feature
     * @return also those of none of SimReg's forms
     */
    public List<FoundHead> heads(int width) {
        return heads.stream()
                .filter(FoundHead::namedAsHead)
                .filter(head -> head.in() == width || head.form().isEmpty())
                .sorted(Comparator.comparing(FoundHead::prefix))
                .toList();
    }

    private UserError refusal(Role role, String fileName) {
        if (!networks.isEmpty()) {
            String found =
                    networks.stream()
                            .map(n -> n.network().name() + " at '" + n.prefix() + "'")
                            .collect(Collectors.joining(", "));
            return new UserError(
                    "Can't find a %s in %s: it holds %s; choose another --part"
                            .formatted(role.name().toLowerCase(Locale.ROOT), fileName, found));
        }
        String why =
                nearest.map(
                                near ->
                                        "nearest is "
                                                + Networks.backbone(near.name()).name()
                                                + " with "
                                                + near.problem())
                        .orElse("no name in it is one of theirs");
        return new UserError(
                "Can't recognise a network in %s: %s; see simreg inspect %s, or name the network with --network"
                        .formatted(fileName, why, fileName));
    }
}
