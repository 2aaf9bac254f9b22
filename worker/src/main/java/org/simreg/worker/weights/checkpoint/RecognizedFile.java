package org.simreg.worker.weights.checkpoint;

import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.simreg.proto.Network;
import org.simreg.proto.UserError;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.Networks;
import org.simreg.worker.weights.checkpoint.RecognizedFile.FoundNetwork.Role;
import org.simreg.worker.weights.tensor.StateDict;

/**
 * The networks and heads that a file's tensors were recognised as.
 *
 * @param tensors of the file, with torchvision's names where a port had TensorFlow's
 * @param networks complete in the file, the one that is usually meant first
 * @param heads sequences of linear layers outside of them
 * @param nearest where no network is complete, the one that lacks least
 * @param others how many tensors belong to neither, by the first two parts of their names
 */
public record RecognizedFile(
        StateDict tensors,
        List<FoundNetwork> networks,
        List<FoundHead> heads,
        Optional<Near> nearest,
        Map<String, Integer> others) {
    public RecognizedFile {
        networks = List.copyOf(networks);
        heads = List.copyOf(heads);
        others = Collections.unmodifiableMap(others);
    }

    /**
     * A network that a file nearly holds.
     *
     * @param problem "3 missing (a, b, c)"
     */
    public record Near(Network name, String prefix, String problem) {}

    /**
     * The network of a role; of the student's, the one that {@link NetworkFit} would take.
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
        return NetworkFit.fit(tensors, network.prefix(), network.network(), fileName);
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
            String found = networks.stream()
                    .map(n -> n.network().name() + " at '" + n.prefix() + "'")
                    .collect(Collectors.joining(", "));
            return new UserError("Can't find a %s in %s: it holds %s; choose another --part"
                    .formatted(role.name().toLowerCase(Locale.ROOT), fileName, found));
        }
        String why = nearest.map(
                        near -> "nearest is " + Networks.backbone(near.name()).name() + " with " + near.problem())
                .orElse("no name in it is one of theirs");
        return new UserError(
                "Can't recognise a network in %s: %s; see simreg inspect %s, or name the network with --network"
                        .formatted(fileName, why, fileName));
    }

    /**
     * A network that a file holds completely.
     *
     * @param name its kind; {@code RESNET50} also for BYOL's, whose names and shapes are the same
     * @param prefix before its names in the file, {@code module.encoder_q.}
     * @param role what it was for, by the prefix
     * @param classes width of its last linear layer, 0 if the file has none
     */
    public record FoundNetwork(Network name, String prefix, Role role, int classes) {
        private static final List<String> TEACHERS = List.of("encoder_t", "teacher");
        private static final List<String> AVERAGES =
                List.of("encoder_k", "average", "ema", "model_ema", "target", "target_encoder");

        /** The purpose of a network in a training checkpoint. */
        public enum Role {
            /** The one that was trained, or the only one. */
            STUDENT,
            /** A frozen one beside it. */
            TEACHER,
            /** A moving average of the trained one. */
            AVERAGE;

            static Role of(String prefix) {
                List<String> parts = Arrays.asList(prefix.split("\\."));
                if (parts.stream().anyMatch(TEACHERS::contains)) {
                    return TEACHER;
                }
                return parts.stream().anyMatch(AVERAGES::contains) ? AVERAGE : STUDENT;
            }
        }

        /** Its layers up to the pooled feature. */
        public NetworkGraph network() {
            return Networks.backbone(name);
        }
    }

    /**
     * Numbered layers in a file that map a feature to another: a head of SimReg's, or something
     * like it.
     *
     * @param prefix before the numbers, {@code predict_q.module.}
     * @param form "released, 4 layers"; empty if it is none of SimReg's heads
     * @param network the layers, where the form is known
     * @param layers what each key holds, "0 Linear 512 -> 1024"
     * @param in width of the feature that it takes
     * @param out width of what it gives
     */
    public record FoundHead(
            String prefix, String form, Optional<NetworkGraph> network, List<String> layers, int in, int out) {
        public FoundHead {
            layers = List.copyOf(layers);
        }

        /** Whether its name says that SimReg's training made it, or the authors'. */
        private boolean namedAsHead() {
            return prefix.matches("(.*\\.)?(predict_q|predictor|projector|head\\d*)\\.(module\\.)?");
        }

        /** "0 Linear 512 -> 1024, 1 BatchNorm 1024, ..". */
        public String shapes() {
            return String.join(", ", layers);
        }
    }
}
