package org.simreg.worker.checkpoint;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.simreg.proto.UserError;

/**
 * Reads the files that weights come in: PyTorch's zip archives (1.6 and later, TorchScript too),
 * PyTorch's older streams, safetensors. Pickles are parsed as data, nothing in them is executed.
 */
public final class Checkpoints {
    private Checkpoints() {}

    /**
     * All tensors of a file by dotted name. Of a training checkpoint those below {@code
     * state_dict}, {@code model} or {@code model_state_dict}, otherwise all of them. The file is
     * mapped; tensors are read when asked for.
     *
     * @throws UserError if the file can't be read, is damaged, is in another format, or holds no
     *     tensor; the message names it
     */
    public static StateDict read(Path file) {
        try {
            Map<String, StoredTensor> tensors = tensors(MappedFile.open(file));
            if (tensors.isEmpty()) {
                throw new CorruptFile("it holds no tensor; give the checkpoint of a network");
            }
            return new StateDict(tensors);
        } catch (IOException e) {
            throw new UserError(
                    "Can't read weights from %s: %s".formatted(file, Failures.reason(e)), e);
        }
    }

    private static Map<String, StoredTensor> tensors(MappedFile file) throws CorruptFile {
        if (file.size() >= 4 && file.slice(0, 4).getInt(0) == ZipDirectory.LOCAL) {
            return TorchFile.zip(file);
        }
        if (TorchFile.isStream(file)) {
            return TorchFile.stream(file);
        }
        if (Safetensors.isSafetensors(file)) {
            return Safetensors.read(file);
        }
        throw new CorruptFile(
                "it is neither a PyTorch file nor safetensors nor TorchScript (%d bytes); check what was copied"
                        .formatted(file.size()));
    }
}
