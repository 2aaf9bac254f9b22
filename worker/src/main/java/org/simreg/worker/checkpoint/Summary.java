package org.simreg.worker.checkpoint;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.simreg.worker.checkpoint.Contents.Entry;
import org.simreg.worker.checkpoint.Pickled.Tensor;
import org.simreg.worker.checkpoint.Pickled.Thing;
import org.simreg.worker.io.Disk;

/** The values of a pickle in a line each. */
final class Summary {
    private static final int MOST_ENTRIES = 200;
    private static final int MOST_NAMES = 6;
    private static final int LONGEST = 60;

    private Summary() {}

    static Contents of(Opened file) {
        Map<?, ?> top = top(file.root());
        List<Entry> entries = new ArrayList<>();
        top.entrySet().stream()
                .filter(e -> !(e.getValue() instanceof Tensor))
                .limit(MOST_ENTRIES)
                .forEach(e -> entries.add(new Entry(text(e.getKey()), summary(e.getValue()))));
        return new Contents(
                file.container(),
                type(file.root()),
                entries,
                file.notes(),
                new StateDict(file.tensors()));
    }

    private static Map<?, ?> top(Object root) {
        if (root instanceof Thing thing) {
            return thing.attributes.isEmpty() ? thing.items : thing.attributes;
        }
        return root instanceof Map<?, ?> map ? map : Map.of();
    }

    private static String type(Object root) {
        if (root instanceof Thing thing) {
            return Disk.printable(thing.typeName());
        }
        return root instanceof Map ? "dict" : root == Pickled.NONE ? "" : summary(root);
    }

    private static String summary(Object value) {
        if (value instanceof Tensor tensor) {
            String type = tensor.dtype().name().toLowerCase(Locale.ROOT);
            return type + " " + Arrays.toString(tensor.shape());
        } else if (value instanceof Map<?, ?> map) {
            return dict(map);
        } else if (value instanceof List<?> list) {
            return "list of " + list.size();
        } else if (value instanceof Thing thing) {
            Map<?, ?> held = thing.attributes.isEmpty() ? thing.items : thing.attributes;
            String type = thing.type == null ? "object" : Disk.printable(thing.typeName());
            return type + (held.isEmpty() ? "" : " with " + names(held)) + ", not executed";
        } else if (value instanceof byte[] bytes) {
            return bytes.length + " bytes";
        } else if (value instanceof String text) {
            return '"' + text(text) + '"';
        } else if (value == Pickled.NONE) {
            return "None";
        }
        return text(value);
    }

    private static String dict(Map<?, ?> map) {
        long tensors = map.values().stream().filter(Tensor.class::isInstance).count();
        if (tensors > 0) {
            return "dict of %d, %d of them tensors".formatted(map.size(), tensors);
        }
        return map.isEmpty() ? "empty dict" : "dict with " + names(map);
    }

    private static String names(Map<?, ?> map) {
        String names =
                map.keySet().stream()
                        .limit(MOST_NAMES)
                        .map(Summary::text)
                        .collect(Collectors.joining(", "));
        return map.size() > MOST_NAMES ? names + ", .. (" + map.size() + ")" : names;
    }

    private static String text(Object value) {
        String text = Disk.printable(String.valueOf(value));
        return text.length() <= LONGEST ? text : text.substring(0, LONGEST - 3) + "...";
    }
}
