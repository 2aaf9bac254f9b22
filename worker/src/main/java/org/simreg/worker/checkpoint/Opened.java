package org.simreg.worker.checkpoint;

import java.util.Map;

/**
 * A file that was parsed.
 *
 * @param root what its pickle holds, {@link Pickled#NONE} where it has none
 * @param notes of a safetensors header
 * @param tensors by dotted name, in order
 */
record Opened(
        Container container,
        Object root,
        Map<String, String> notes,
        Map<String, StoredTensor> tensors) {}
