package org.simreg.worker.weights.format;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.AtomicFile;
import org.simreg.worker.weights.format.pickle.PickleWriter;
import org.simreg.worker.weights.format.pickle.PickleWriter.Storage;
import org.simreg.worker.weights.tensor.HostTensor;
import org.simreg.worker.weights.tensor.StateDict;

/** The writer of PyTorch's container for state dicts ({@code .pth}), as of {@code torch.save}. */
public final class TorchZip {
    private static final String TOP = "archive/";

    private TorchZip() {}

    /**
     * Writes an OrderedDict of all tensors, whole or not at all. Equal tensors in equal order give
     * equal bytes. {@code torch.load(file, weights_only=True)} reads it; for {@code
     * load_state_dict(strict=True)} add the counters with {@link StateDict#withCounters}.
     *
     * @throws UserError if the file can't be written
     */
    public static void write(Path file, StateDict tensors) {
        write(file, tensors, Map.of());
    }

    /**
     * Writes a file with notes in it, which PyTorch passes over.
     *
     * @param notes more records, by name
     */
    public static void write(Path file, StateDict tensors, Map<String, String> notes) {
        AtomicFile.write(file, channel -> write(channel, tensors, notes));
    }

    private static void write(FileChannel channel, StateDict tensors, Map<String, String> notes) throws IOException {
        try (StoredZip zip = new StoredZip(channel)) {
            zip.add(TOP + "data.pkl", pickle(tensors));
            zip.add(TOP + "byteorder", ascii("little"));
            int key = 0;
            for (String name : tensors.names()) {
                zip.add(TOP + "data/" + key++, tensors.get(name).data());
            }
            zip.add(TOP + "version", ascii("3\n"));
            for (Map.Entry<String, String> note : notes.entrySet()) {
                zip.add(TOP + note.getKey(), ascii(note.getValue()));
            }
        }
    }

    private static byte[] pickle(StateDict tensors) {
        PickleWriter pickle = new PickleWriter().emptyOrderedDict().mark();
        int key = 0;
        for (String name : tensors.names()) {
            long[] shape = tensors.shape(name);
            Storage storage = new Storage(tensors.dtype(name), String.valueOf(key++), HostTensor.count(shape), false);
            pickle.string(name).tensor(storage, 0, shape, PickleWriter.contiguous(shape));
        }
        return pickle.setItems().stop();
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
