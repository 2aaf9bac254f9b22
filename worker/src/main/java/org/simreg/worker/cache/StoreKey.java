package org.simreg.worker.cache;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * All that decides the features of a store besides sample and view: who may read them.
 *
 * @param parts by what they are called to people, such as "seed"; in the order in which they are
 *     shown, without tabs and line ends
 */
public record StoreKey(Map<String, String> parts) {
    private static final int LONGEST_SHOWN = 12;

    public StoreKey {
        parts = new LinkedHashMap<>(parts);
    }

    /** What of the asked key this one has otherwise, in words; empty if they are equal. */
    List<String> differences(StoreKey asked) {
        Map<String, String> all = new LinkedHashMap<>(parts);
        asked.parts.forEach(all::putIfAbsent);
        List<String> differences = new ArrayList<>();
        for (String name : all.keySet()) {
            String here = parts.getOrDefault(name, "none");
            String there = asked.parts.getOrDefault(name, "none");
            if (!here.equals(there)) {
                differences.add(
                        "%s (%s there, %s asked for)".formatted(name, shown(here), shown(there)));
            }
        }
        return differences;
    }

    /** Digests by their beginning. */
    static String shown(String value) {
        return value.matches("[0-9a-f]{40,}") ? value.substring(0, LONGEST_SHOWN) : value;
    }

    /** A line for each part. */
    String text() {
        StringBuilder text = new StringBuilder();
        parts.forEach((name, value) -> text.append(name).append('\t').append(value).append('\n'));
        return text.toString();
    }

    static StoreKey of(String text) {
        Map<String, String> parts = new LinkedHashMap<>();
        text.lines()
                .map(line -> line.split("\t", 2))
                .filter(pair -> pair.length == 2)
                .forEach(pair -> parts.put(pair[0], pair[1]));
        return new StoreKey(parts);
    }
}
