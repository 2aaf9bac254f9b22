package org.simreg.worker.checkpoint;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.simreg.worker.network.Network;
import org.simreg.worker.network.Weight;

/**
 * What keeps a state dict from being a network's weights.
 *
 * @param missing weights of the network that aren't there
 * @param unexpected names in the network's own blocks that it doesn't have
 * @param wrong weights of another shape or type, with both
 */
public record Misfit(List<String> missing, List<String> unexpected, List<String> wrong) {
    private static final int SHOWN = 4;

    public Misfit {
        missing = List.copyOf(missing);
        unexpected = List.copyOf(unexpected);
        wrong = List.copyOf(wrong);
    }

    /**
     * @param file names without prefix
     */
    public static Misfit of(StateDict file, Network network) {
        List<String> missing = new ArrayList<>();
        List<String> wrong = new ArrayList<>();
        for (Weight weight : Fit.taken(file, network)) {
            String name = weight.name();
            if (!file.contains(name)) {
                missing.add(name);
            } else if (!Arrays.equals(file.shape(name), weight.shape())) {
                String shape = Arrays.toString(file.shape(name));
                wrong.add(weight + " has shape " + shape);
            } else if (!file.dtype(name).isFloat()) {
                wrong.add(weight + " has type " + file.dtype(name));
            }
        }
        return new Misfit(missing, unexpected(file, network), wrong);
    }

    /**
     * Only layers in blocks that the network has too: a ResNet-101 holds all of a ResNet-50. A
     * module's own state dict holds more than is trained.
     */
    private static List<String> unexpected(StateDict file, Network network) {
        if (network.script().isPresent()) {
            return List.of();
        }
        Set<String> names =
                network.weights().stream().map(Weight::name).collect(Collectors.toSet());
        Set<String> blocks = names.stream().map(Misfit::block).collect(Collectors.toSet());
        return file.names().stream()
                .filter(name -> blocks.contains(block(name)) && !names.contains(name))
                .filter(name -> !name.endsWith(".num_batches_tracked"))
                .map(Fit::abbreviated)
                .toList();
    }

    private static String block(String name) {
        return name.substring(0, Math.max(0, name.indexOf('.')));
    }

    /** Whether the state dict holds the network. */
    public boolean isEmpty() {
        return missing.isEmpty() && unexpected.isEmpty() && wrong.isEmpty();
    }

    /** "3 missing (a, b, c), 1 unexpected (d)". */
    @Override
    public String toString() {
        List<String> parts = new ArrayList<>();
        list(parts, missing, "missing");
        list(parts, unexpected, "unexpected");
        list(parts, wrong, "not as needed");
        return String.join(", ", parts);
    }

    private static void list(List<String> parts, List<String> names, String what) {
        if (!names.isEmpty()) {
            String more = names.size() > SHOWN ? ", ..." : "";
            List<String> shown = names.subList(0, Math.min(SHOWN, names.size()));
            parts.add("%d %s (%s%s)".formatted(names.size(), what, String.join(", ", shown), more));
        }
    }
}
