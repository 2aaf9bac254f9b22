package org.simreg.worker.weights.part;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.simreg.worker.weights.tensor.StateDict;

/**
 * One network of a file.
 *
 * @param prefix before its names in the file, {@code module.encoder_q.}
 * @param role what it was for
 * @param tensors all that stands behind the prefix, by the network's own names
 */
public record Part(String prefix, PartRole role, StateDict tensors) {
    /** "base at 'module.base_encoder.'"; the role alone where there is no prefix. */
    @Override
    public String toString() {
        return prefix.isEmpty() ? role.word() : role.word() + " at '" + prefix + "'";
    }

    /** What an option says to choose it among these: its role where no other has it, {@code teacher}, or its prefix. */
    public String option(List<Part> all) {
        boolean alone = all.stream().filter(part -> part.role == role).count() < 2;
        return alone || prefix.isEmpty() ? role.word() : prefix.substring(0, prefix.length() - 1);
    }

    /** Whether all tensors of these names have the same bits as another part's. */
    boolean equals(Part other, Iterable<String> names) {
        List<String> order = new ArrayList<>();
        names.forEach(order::add);
        // Small ones first: two networks that differ do so there already.
        order.sort((a, b) -> Long.compare(size(a), size(b)));
        for (String name : order) {
            if (!same(name, other)) {
                return false;
            }
        }
        return true;
    }

    private boolean same(String name, Part other) {
        if (!tensors.contains(name) || !other.tensors.contains(name)) {
            return tensors.contains(name) == other.tensors.contains(name);
        }
        return tensors.dtype(name) == other.tensors.dtype(name)
                && Arrays.equals(tensors.shape(name), other.tensors.shape(name))
                && tensors.get(name).data().equals(other.tensors.get(name).data());
    }

    private long size(String name) {
        return tensors.contains(name) ? Arrays.stream(tensors.shape(name)).reduce(1, (a, b) -> a * b) : 0;
    }
}
