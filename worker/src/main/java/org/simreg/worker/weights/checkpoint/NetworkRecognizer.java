package org.simreg.worker.weights.checkpoint;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.simreg.proto.Network;
import org.simreg.worker.network.Networks;
import org.simreg.worker.weights.checkpoint.RecognizedFile.FoundNetwork.Role;
import org.simreg.worker.weights.tensor.StateDict;

/** The recognition of networks and heads by a file's names and shapes; reads no values. */
public final class NetworkRecognizer {
    /** Every known network has one of them; blocks inside a ResNet have the first too. */
    private static final List<String> ANCHORS = List.of(
            "conv1.weight", "layer1.0.conv1.weight", "features.0.0.weight", "conv_stem.first_conv.convolution.weight",
            "patch_embed.proj.weight");

    /** The first parts of all networks' names. */
    private static final Set<String> INSIDE = Set.of(
            ("conv1 bn1 layer1 layer2 layer3 layer4 features classifier conv_stem layer conv_1x1 cls_token pos_embed"
                            + " register_tokens mask_token patch_embed blocks norm head")
                    .split(" "));

    /** Ahead of names of a run's checkpoint that are no weights. */
    private static final List<String> STATE = List.of("momentum.", "average.");

    private static final List<Role> ORDER = List.of(Role.STUDENT, Role.TEACHER, Role.AVERAGE);

    private final StateDict file;
    private final List<RecognizedFile.FoundNetwork> networks = new ArrayList<>();
    private RecognizedFile.Near nearest;
    private int least = Integer.MAX_VALUE;

    private NetworkRecognizer(StateDict file) {
        this.file = file;
    }

    /**
     * The networks and heads in a file.
     *
     * @param file all tensors of a file
     */
    public static RecognizedFile of(StateDict file) {
        return new NetworkRecognizer(HubNames.resolved(file)).recognised();
    }

    private RecognizedFile recognised() {
        prefixes().forEach(this::examine);
        networks.sort(Comparator.comparing(found -> ORDER.indexOf(found.role())));
        List<RecognizedFile.FoundHead> heads = SequentialLayers.heads(file, this::isFree);
        Optional<RecognizedFile.Near> near = networks.isEmpty() ? Optional.ofNullable(nearest) : Optional.empty();
        return new RecognizedFile(file, networks, heads, near, others(heads));
    }

    private Map<String, Integer> others(List<RecognizedFile.FoundHead> heads) {
        Map<String, Integer> others = new LinkedHashMap<>();
        for (String name : file.names()) {
            boolean inHead = heads.stream().anyMatch(head -> name.startsWith(head.prefix()));
            if ((isFree(name) || isState(name)) && !inHead && !isLast(name)) {
                String[] parts = name.split("\\.", 3);
                String group = parts.length < 3 ? name : parts[0] + "." + parts[1] + ".*";
                others.merge(group, 1, Integer::sum);
            }
        }
        return others;
    }

    /** Whether it is of a network's last linear layer. */
    private boolean isLast(String name) {
        return networks.stream()
                .filter(found -> found.classes() > 0)
                .anyMatch(found -> name.startsWith(found.prefix() + "fc."));
    }

    private Set<String> prefixes() {
        Set<String> all = new LinkedHashSet<>();
        for (String name : file.names()) {
            for (String anchor : ANCHORS) {
                if (name.endsWith(anchor) && isPlace(name, anchor) && !isState(name)) {
                    all.add(name.substring(0, name.length() - anchor.length()));
                }
            }
        }
        all.removeIf(prefix -> prefix.matches("(.*\\.)?(layer\\d|features)\\.(.*\\.)?"));
        return all;
    }

    private static boolean isPlace(String name, String anchor) {
        int start = name.length() - anchor.length();
        return start == 0 || name.charAt(start - 1) == '.';
    }

    private static boolean isState(String name) {
        return STATE.stream().anyMatch(name::startsWith);
    }

    private void examine(String prefix) {
        StateDict own = file.withoutPrefix(prefix);
        for (Network name : Networks.all()) {
            NetworkFit.Misfit misfit = NetworkFit.Misfit.of(own, Networks.backbone(name));
            if (misfit.isEmpty()) {
                int classes = classes(own, Networks.backbone(name).outputs());
                networks.add(new RecognizedFile.FoundNetwork(name, prefix, Role.of(prefix), classes));
                return;
            }
            int problems = misfit.missing().size()
                    + misfit.unexpected().size()
                    + misfit.wrong().size();
            if (problems < least) {
                least = problems;
                nearest = new RecognizedFile.Near(name, prefix, misfit.toString());
            }
        }
    }

    private static int classes(StateDict own, int features) {
        for (String layer : List.of("fc.weight", "classifier.1.weight", "classifier.weight", "head.weight")) {
            if (own.contains(layer)) {
                long[] shape = own.shape(layer);
                if (shape.length == 2 && shape[1] == features) {
                    return Math.toIntExact(shape[0]);
                }
            }
        }
        return 0;
    }

    /** Neither a weight of a network that was found nor its last layer. */
    private boolean isFree(String name) {
        if (isState(name)) {
            return false;
        }
        return networks.stream()
                .filter(found -> name.startsWith(found.prefix()))
                .map(found -> name.substring(found.prefix().length()))
                .noneMatch(rest -> isInside(rest));
    }

    private static boolean isInside(String rest) {
        return INSIDE.contains(rest.substring(0, (rest + ".").indexOf('.')));
    }
}
