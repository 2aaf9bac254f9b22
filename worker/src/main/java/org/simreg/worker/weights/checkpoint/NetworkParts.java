package org.simreg.worker.weights.checkpoint;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.Weight;
import org.simreg.worker.weights.hub.HubNames;
import org.simreg.worker.weights.part.Part;
import org.simreg.worker.weights.part.PartRole;
import org.simreg.worker.weights.tensor.LazyTensor;
import org.simreg.worker.weights.tensor.StateDict;

/**
 * The places in a file where a whole network may stand: behind every beginning of names that enough tensors share.
 * Reads names and shapes only.
 */
final class NetworkParts {
    /** Modules that only wrap another one; they may stand anywhere in a name. */
    private static final Set<String> WRAPPERS =
            Set.of("module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module", "_forward_module");

    /** mmengine keeps this counter beside the weights that it has exchanged with their average. */
    private static final String EXCHANGED = "ema_state_dict.steps";

    private final StateDict file;
    private final Map<String, Integer> sizes = new LinkedHashMap<>();

    private NetworkParts(StateDict file) {
        this.file = file;
        for (String name : file.names()) {
            for (int start = 0; start >= 0; start = next(name, start)) {
                sizes.merge(name.substring(0, start), 1, Integer::sum);
            }
        }
    }

    /** The places of any network. */
    static NetworkParts of(StateDict file) {
        return new NetworkParts(HubNames.resolved(file));
    }

    /** The places of one network, also under names that usually stand for another. */
    static NetworkParts of(StateDict file, NetworkGraph network) {
        return new NetworkParts(HubNames.resolved(file, network));
    }

    private static int next(String name, int start) {
        int dot = name.indexOf('.', start);
        return dot < 0 ? -1 : dot + 1;
    }

    /** Prefixes that at least so many tensors share, in the file's order. */
    List<String> prefixes(int least) {
        return sizes.entrySet().stream()
                .filter(size -> size.getValue() >= least && !isState(size.getKey()))
                .map(Map.Entry::getKey)
                .toList();
    }

    /** Whether it stands before what a run of ours keeps beside its weights: {@code momentum.backbone.}. */
    private boolean isState(String prefix) {
        return RunWeights.STATE.stream()
                .filter(prefix::startsWith)
                .map(state -> prefix.substring(state.length()))
                .anyMatch(rest -> !rest.isEmpty() && sizes.containsKey(rest));
    }

    /** What stands behind a prefix, with our names where others are known. */
    StateDict tensors(String prefix) {
        StateDict own = file.withoutPrefix(prefix);
        StateDict unwrapped = unwrapped(own);
        return unwrapped == own ? own : HubNames.resolved(unwrapped);
    }

    /** All places that hold a network whole; of two with the same tensors the longer prefix. */
    List<Part> holding(NetworkGraph network) {
        List<Part> parts = new ArrayList<>();
        for (String prefix : prefixes(1)) {
            StateDict tensors = sizes.get(prefix) < least(network) ? null : tensors(prefix);
            if (tensors != null && NetworkFit.Misfit.of(tensors, network).isEmpty()) {
                add(parts, new Part(prefix, role(prefix), tensors));
            }
        }
        return parts;
    }

    private static int least(NetworkGraph network) {
        return (int) network.weights().stream()
                .filter(weight -> weight.kind() != Weight.Kind.COUNTER)
                .count();
    }

    private void add(List<Part> parts, Part found) {
        parts.removeIf(part -> isWrapped(part.prefix(), found.prefix()));
        parts.add(found);
    }

    /** Whether only wrappers stand between two prefixes. */
    static boolean isWrapped(String outer, String inner) {
        return inner.startsWith(outer)
                && inner.length() > outer.length()
                && WRAPPERS.containsAll(List.of(inner.substring(outer.length()).split("\\.")));
    }

    /** The role of what stands behind a prefix of this file. */
    PartRole role(String prefix) {
        if (file.contains(EXCHANGED)) {
            return prefix.startsWith("ema_state_dict.") ? PartRole.RAW : PartRole.AVERAGE;
        }
        return PartRole.of(prefix);
    }

    /** Names without wrappers; all as they are if two would become one. */
    private static StateDict unwrapped(StateDict tensors) {
        if (tensors.names().stream().noneMatch(name -> WRAPPERS.stream().anyMatch(name::contains))) {
            return tensors;
        }
        Map<String, LazyTensor> shorter = new LinkedHashMap<>();
        tensors.names().forEach(name -> shorter.put(unwrapped(name), tensors.stored(name)));
        return shorter.size() == tensors.size() ? new StateDict(shorter) : tensors;
    }

    private static String unwrapped(String name) {
        return List.of(name.split("\\.")).stream()
                .filter(part -> !WRAPPERS.contains(part))
                .collect(Collectors.joining("."));
    }

    /** The prefix behind which most of a network's names stand, whatever their shapes; the empty one if none does. */
    String nearest(NetworkGraph network) {
        Set<String> wanted = network.weights().stream().map(Weight::name).collect(Collectors.toSet());
        String best = "";
        long most = 0;
        for (String prefix : sizes.keySet()) {
            long found = sizes.get(prefix) <= most
                    ? 0
                    : tensors(prefix).names().stream().filter(wanted::contains).count();
            if (found >= most && found > 0) {
                best = prefix;
                most = found;
            }
        }
        return best;
    }
}
