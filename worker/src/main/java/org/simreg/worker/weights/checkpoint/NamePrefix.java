package org.simreg.worker.weights.checkpoint;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.simreg.proto.UserError;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.Weight;
import org.simreg.worker.weights.tensor.StateDict;

/** The prefix of a network's own names in a file: {@code module.encoder_q.}, or nothing. */
final class NamePrefix {
    /**
     * Where several networks of a file cover the wanted one alike, the earlier of these is meant.
     */
    private static final List<String> PREFERENCE = List.of(
            "",
            "module.",
            "encoder_q.",
            "module.encoder_q.",
            "encoder_q.module.",
            "encoder.",
            "module.encoder.",
            "backbone.",
            "module.backbone.",
            "student.",
            "encoder_t.module.");

    private NamePrefix() {}

    /**
     * The prefix under which most of the network's weights are found; the empty one if none is.
     *
     * @throws UserError if two prefixes do equally well and neither is a usual one
     */
    static String of(StateDict file, NetworkGraph network, String fileName) {
        Map<String, Integer> covered = coverage(file, network);
        int most = covered.values().stream().mapToInt(count -> count).max().orElse(0);
        covered.values().removeIf(count -> count < most);
        if (covered.size() > 1) {
            covered.keySet().removeIf(prefix -> hasMomentumKeys(prefix));
        }
        List<String> best = new ArrayList<>(covered.keySet());
        best.sort(Comparator.comparing(NamePrefix::rank));
        if (best.isEmpty()) {
            return "";
        }
        if (best.size() > 1 && rank(best.get(0)) == PREFERENCE.size()) {
            throw new UserError(
                    "Can't tell which weights of %s are meant for %s: names that start with '%s' and '%s' fit alike; save one of them to a file of its own"
                            .formatted(fileName, network.name(), best.get(0), best.get(1)));
        }
        return best.get(0);
    }

    private static Map<String, Integer> coverage(StateDict file, NetworkGraph network) {
        Set<String> wanted = network.weights().stream().map(Weight::name).collect(Collectors.toSet());
        Map<String, Integer> covered = new LinkedHashMap<>();
        for (String name : file.names()) {
            for (int start = 0; start >= 0; start = next(name, start)) {
                if (wanted.contains(name.substring(start))) {
                    covered.merge(name.substring(0, start), 1, Integer::sum);
                }
            }
        }
        return covered;
    }

    private static int next(String name, int start) {
        int dot = name.indexOf('.', start);
        return dot < 0 ? -1 : dot + 1;
    }

    private static int rank(String prefix) {
        int place = PREFERENCE.indexOf(prefix);
        return place < 0 ? PREFERENCE.size() : place;
    }

    /** MoCo's second encoder, an average of the first, is never the one that is asked for. */
    private static boolean hasMomentumKeys(String prefix) {
        return Arrays.asList(prefix.split("\\.")).contains("encoder_k");
    }
}
