package org.simreg.worker.weights.checkpoint;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.simreg.proto.Head;
import org.simreg.worker.network.Heads;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.weights.tensor.StateDict;

/** A torch.nn.Sequential in a file: layers by number, those without weights left out. */
final class SequentialLayers {
    private static final Pattern NAME =
            Pattern.compile("(.*?)(\\d{1,3})\\.(weight|bias|running_mean|running_var|num_batches_tracked)");

    private final StateDict file;
    private final String prefix;
    private final TreeMap<Integer, String> layers = new TreeMap<>();
    private int tensors;
    private int in;
    private int out;

    private SequentialLayers(StateDict file, String prefix) {
        this.file = file;
        this.prefix = prefix;
    }

    /** Every sequence of linear layers among the names that are free. */
    static List<RecognizedFile.FoundHead> heads(StateDict file, Predicate<String> free) {
        Map<String, SequentialLayers> all = new LinkedHashMap<>();
        for (String name : file.names()) {
            Matcher matcher = NAME.matcher(name);
            if (free.test(name) && matcher.matches()) {
                all.computeIfAbsent(matcher.group(1), p -> new SequentialLayers(file, p))
                        .add(Integer.parseInt(matcher.group(2)), matcher.group(3));
            }
        }
        List<RecognizedFile.FoundHead> heads = new ArrayList<>();
        for (SequentialLayers sequence : all.values()) {
            if (sequence.measure() && !sequence.layers.containsValue("")) {
                heads.add(sequence.head());
            }
        }
        return heads;
    }

    /** Keys may come in any order, so a layer is looked at when its weight does. */
    private void add(int number, String tensor) {
        tensors += tensor.equals("num_batches_tracked") ? 0 : 1;
        if (!tensor.equals("weight")) {
            return;
        }
        String place = prefix + number + ".";
        long[] shape = file.shape(place + tensor);
        String layer = "";
        if (shape.length == 2) {
            layer = "Linear " + shape[1] + " -> " + shape[0];
        } else if (shape.length == 1) {
            layer = (file.contains(place + "running_mean") ? "BatchNorm " : "scale ") + shape[0];
        }
        layers.put(number, layer);
    }

    /** Finds the widths by the first and the last linear layer; false if there is none. */
    private boolean measure() {
        for (int number : layers.keySet()) {
            long[] shape = file.shape(prefix + number + ".weight");
            if (shape.length == 2) {
                in = in == 0 ? Math.toIntExact(shape[1]) : in;
                out = Math.toIntExact(shape[0]);
            }
        }
        return in > 0 && out > 0;
    }

    private RecognizedFile.FoundHead head() {
        List<String> text = new ArrayList<>();
        layers.forEach((number, layer) -> text.add(number + " " + layer));
        return known().map(k -> new RecognizedFile.FoundHead(prefix, k.form, Optional.of(k.network), text, in, out))
                .orElseGet(() -> new RecognizedFile.FoundHead(prefix, "", Optional.empty(), text, in, out));
    }

    /** A form of head that SimReg knows, and its layers at the file's widths. */
    private record Known(String form, NetworkGraph network) {}

    private Optional<Known> known() {
        List<Known> forms = new ArrayList<>();
        forms.add(new Known("linear", Heads.regression(Head.Form.LINEAR, 1, in, out)));
        forms.add(new Known("1 layer", Heads.regression(Head.Form.RELEASED, 1, in, out)));
        for (Head.Form form : List.of(Head.Form.RELEASED, Head.Form.PAPER)) {
            for (int count : new int[] {2, 4}) {
                String name = form == Head.Form.RELEASED ? "released" : "paper";
                forms.add(new Known(name + ", " + count + " layers", Heads.regression(form, count, in, out)));
            }
        }
        forms.add(new Known("projection", Heads.projection(in, hidden(), out)));
        StateDict own = file.withoutPrefix(prefix);
        return forms.stream()
                .filter(known -> known.network.weights().size() == tensors)
                .filter(known -> NetworkFit.Misfit.of(own, known.network).isEmpty())
                .findFirst();
    }

    private int hidden() {
        String first = prefix + layers.firstKey() + ".weight";
        return Math.toIntExact(file.shape(first)[0]);
    }
}
