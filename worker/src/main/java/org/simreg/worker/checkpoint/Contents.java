package org.simreg.worker.checkpoint;

import java.util.List;
import java.util.Map;

/**
 * What a file of weights holds, its tensors and the rest; nothing in it was executed.
 *
 * @param type class of the outermost object, {@code dict} or {@code __torch__.Net}; empty for
 *     safetensors
 * @param entries what stands at the top level beside tensors, in order
 * @param notes of a safetensors header
 * @param tensors as {@link Checkpoints#read} gives them
 */
public record Contents(
        Container container,
        String type,
        List<Entry> entries,
        Map<String, String> notes,
        StateDict tensors) {
    /**
     * One key of the top level.
     *
     * @param summary its value if it is small, otherwise its type and size
     */
    public record Entry(String key, String summary) {}
}
