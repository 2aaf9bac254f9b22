package org.simreg.worker.data.dataset;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.simreg.worker.base.io.FileNames;

/** The names of classes, found in whichever Unicode form and with whatever a list has behind them. */
public final class ClassNames {
    private final List<String> names;
    private final Map<String, Integer> labels = new HashMap<>();

    /**
     * @param names by label
     */
    public ClassNames(List<String> names) {
        this.names = names;
        for (int label = 0; label < names.size(); label++) {
            labels.putIfAbsent(FileNames.composed(names.get(label)), label);
        }
    }

    /** The label of a name; -1 if there is no such class. */
    public int label(String name) {
        return labels.getOrDefault(FileNames.composed(name), -1);
    }

    /** The class that a line names: all of it, or its longest beginning before a space, comma or the like. */
    public Optional<String> find(String line) {
        for (int end = line.length(); end > 0; end--) {
            boolean border = end == line.length() || " \t,;/".indexOf(line.charAt(end)) >= 0;
            int label = border ? label(line.substring(0, end).strip()) : -1;
            if (label >= 0) {
                return Optional.of(names.get(label));
            }
        }
        return Optional.empty();
    }
}
