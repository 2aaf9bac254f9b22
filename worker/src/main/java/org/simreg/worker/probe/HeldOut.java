package org.simreg.worker.probe;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.simreg.worker.data.CounterRandom;
import org.simreg.worker.evaluate.FeatureBank;

/**
 * A bank in two parts, class by class: of n rows of a class the part times n, rounded, are held
 * out, but one stays. Which ones is decided by the stream (seed, {@link CounterRandom#HELD_OUT},
 * class).
 *
 * @param kept the rest, ascending
 * @param held what is held out, ascending
 */
record HeldOut(Selection kept, Selection held) {
    static HeldOut of(FeatureBank bank, double part, long seed) {
        Map<Integer, List<Integer>> classes = new LinkedHashMap<>();
        for (int row = 0; row < bank.size(); row++) {
            classes.computeIfAbsent(bank.label(row), label -> new ArrayList<>()).add(row);
        }
        List<Integer> kept = new ArrayList<>();
        List<Integer> held = new ArrayList<>();
        classes.forEach(
                (label, rows) -> {
                    int[] order =
                            CounterRandom.of(seed, CounterRandom.HELD_OUT, label)
                                    .permutation(rows.size());
                    long out = Math.min(rows.size() - 1, Math.round(part * rows.size()));
                    for (int i = 0; i < order.length; i++) {
                        (i < out ? held : kept).add(rows.get(order[i]));
                    }
                });
        return new HeldOut(selection(bank, kept), selection(bank, held));
    }

    private static Selection selection(FeatureBank bank, List<Integer> rows) {
        Collections.sort(rows);
        return new Selection(bank, rows.stream().mapToInt(row -> row).toArray());
    }
}
