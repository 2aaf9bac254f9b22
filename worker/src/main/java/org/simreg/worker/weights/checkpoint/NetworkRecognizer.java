package org.simreg.worker.weights.checkpoint;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.simreg.proto.Network;
import org.simreg.worker.network.Weight;
import org.simreg.worker.network.family.Networks;
import org.simreg.worker.weights.part.Part;
import org.simreg.worker.weights.tensor.LazyTensor;
import org.simreg.worker.weights.tensor.StateDict;

/** The recognition of networks and heads by a file's names and shapes; reads no values. */
public final class NetworkRecognizer {
    /** No known network has fewer tensors. */
    private static final int LEAST = 60;

    /** The first parts of all networks' names, their last layers' too, and a token that only pretraining uses. */
    private static final Set<String> PLACES = Stream.concat(
                    Networks.all().stream()
                            .flatMap(name -> Networks.classifier(name, 1).weights().stream())
                            .map(weight -> first(weight.name())),
                    Stream.of("mask_token"))
            .collect(Collectors.toSet());

    private final StateDict file;
    private final NetworkParts parts;
    private final Set<LazyTensor> used = Collections.newSetFromMap(new IdentityHashMap<>());
    private final List<RecognizedFile.FoundNetwork> networks = new ArrayList<>();
    private RecognizedFile.Near nearest;
    private int least = Integer.MAX_VALUE;

    private NetworkRecognizer(StateDict file) {
        this.file = file;
        parts = NetworkParts.of(file);
    }

    /**
     * The networks and heads in a file.
     *
     * @param file all tensors of a file
     */
    public static RecognizedFile of(StateDict file) {
        return new NetworkRecognizer(file).recognised();
    }

    private static String first(String name) {
        return name.substring(0, (name + ".").indexOf('.'));
    }

    private RecognizedFile recognised() {
        parts.prefixes(LEAST).forEach(this::examine);
        networks.sort(Comparator.comparing(found -> found.part().role()));
        List<RecognizedFile.FoundHead> heads = SequentialLayers.heads(file, this::isFree);
        Optional<RecognizedFile.Near> near = networks.isEmpty() ? Optional.ofNullable(nearest) : Optional.empty();
        return new RecognizedFile(file, networks, heads, near, others(heads));
    }

    private Map<String, Integer> others(List<RecognizedFile.FoundHead> heads) {
        Map<String, Integer> others = new LinkedHashMap<>();
        for (String name : file.names()) {
            boolean inHead = heads.stream().anyMatch(head -> name.startsWith(head.prefix()));
            if ((isFree(name) || isState(name)) && !inHead) {
                String[] parts = name.split("\\.", 3);
                String group = parts.length < 3 ? name : parts[0] + "." + parts[1] + ".*";
                others.merge(group, 1, Integer::sum);
            }
        }
        return others;
    }

    private static boolean isState(String name) {
        return RunWeights.STATE.stream().anyMatch(name::startsWith);
    }

    private void examine(String prefix) {
        StateDict own = parts.tensors(prefix);
        for (Network name : Networks.all()) {
            NetworkFit.Misfit misfit = NetworkFit.Misfit.of(own, Networks.backbone(name));
            if (misfit.isEmpty()) {
                int classes = classes(own, name);
                use(classes > 0 ? own : withoutLast(own));
                networks.removeIf(found -> NetworkParts.isWrapped(found.prefix(), prefix));
                networks.add(new RecognizedFile.FoundNetwork(name, new Part(prefix, parts.role(prefix), own), classes));
                return;
            }
            int problems = misfit.missing().size()
                    + misfit.unexpected().size()
                    + misfit.wrong().size();
            // Of less than half a network nobody learns what the file is.
            boolean near = 2 * misfit.missing().size()
                    < Networks.backbone(name).weights().size();
            if (problems < least && near) {
                least = problems;
                nearest = new RecognizedFile.Near(name, prefix, misfit.toString());
            }
        }
    }

    /** MoCo's and SimSiam's fc is a head. */
    private static StateDict withoutLast(StateDict own) {
        Map<String, LazyTensor> rest = new LinkedHashMap<>();
        own.names().stream()
                .filter(name -> !name.startsWith("fc.") && !name.startsWith("classifier."))
                .forEach(name -> rest.put(name, own.stored(name)));
        return new StateDict(rest);
    }

    /** Outputs of the last linear layer after the feature; 0 where the file or the network has none that fits. */
    private static int classes(StateDict own, Network name) {
        List<Weight> weights = Networks.classifier(name, 1).parameters();
        Weight last = weights.get(weights.size() - 2);
        boolean inFeature = Networks.backbone(name).parameters().stream()
                .anyMatch(weight -> weight.name().equals(last.name()));
        if (inFeature || !own.contains(last.name())) {
            return 0;
        }
        long[] shape = own.shape(last.name());
        return shape.length == 2 && shape[1] == last.shape()[1] ? Math.toIntExact(shape[0]) : 0;
    }

    /** Neither a weight of a network that was found nor its last layer. */
    private boolean isFree(String name) {
        return !isState(name)
                && !used.contains(file.stored(name).origins().findFirst().orElseThrow());
    }

    /** Takes the tensors of a network that was found, its counters and its last layer. */
    private void use(StateDict own) {
        own.names().stream()
                .filter(name -> PLACES.contains(first(name)))
                .flatMap(name -> own.stored(name).origins())
                .forEach(used::add);
    }
}
