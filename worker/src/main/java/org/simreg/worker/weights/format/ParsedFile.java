package org.simreg.worker.weights.format;

import java.util.Map;
import org.simreg.worker.weights.tensor.LazyTensor;

/**
 * A file of weights after parsing.
 *
 * @param container kind of the file
 * @param root value of its pickle, {@code Pickled.NONE} where it has none
 * @param notes of a safetensors header
 * @param tensors by dotted name, in order
 */
public record ParsedFile(Container container, Object root, Map<String, String> notes, Map<String, LazyTensor> tensors) {
    /** The kind of file that weights come in. */
    public enum Container {
        PYTORCH_ZIP("PyTorch zip archive (1.6 and later)"),
        PYTORCH_STREAM("PyTorch legacy stream (before 1.6)"),
        TORCHSCRIPT("TorchScript archive"),
        SAFETENSORS("safetensors");

        private final String text;

        Container(String text) {
            this.text = text;
        }

        /** For people. */
        @Override
        public String toString() {
            return text;
        }
    }
}
