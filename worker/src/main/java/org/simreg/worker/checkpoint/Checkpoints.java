package org.simreg.worker.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.simreg.proto.UserError;
import org.simreg.worker.io.Disk;

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
        return new StateDict(open(file).tensors());
    }

    /**
     * What the file holds beside its tensors, for people.
     *
     * @throws UserError as {@link #read}
     */
    public static Contents contents(Path file) {
        return Summary.of(open(file));
    }

    private static Opened open(Path file) {
        try {
            Opened opened = opened(MappedFile.open(file));
            if (opened.tensors().isEmpty()) {
                throw new CorruptFile("it holds no tensor; give the checkpoint of a network");
            }
            return opened;
        } catch (IOException e) {
            throw new UserError(
                    "Can't read weights from %s: %s".formatted(file, Disk.reason(e)), e);
        }
    }

    private static Opened opened(MappedFile file) throws CorruptFile {
        if (file.size() >= 4 && file.slice(0, 4).getInt(0) == ZipDirectory.LOCAL) {
            return TorchFile.zip(file);
        }
        if (TorchFile.isStream(file)) {
            return TorchFile.stream(file);
        }
        if (Safetensors.isSafetensors(file)) {
            return Safetensors.read(file);
        }
        if (isOnnx(file)) {
            throw new CorruptFile(
                    "it is an ONNX file, which holds a graph and no network's names; give the PyTorch file or safetensors that it was made of");
        }
        throw new CorruptFile(
                "it is neither a PyTorch file nor safetensors nor TorchScript (%d bytes); check what was copied"
                        .formatted(file.size()));
    }

    /** Begins with its version, a small number as field 1, and the producer or the graph. */
    private static boolean isOnnx(MappedFile file) throws CorruptFile {
        if (file.size() < 4) {
            return false;
        }
        ByteBuffer start = file.slice(0, 4);
        boolean version = start.get(0) == 0x08 && start.get(1) > 0 && start.get(1) < 64;
        return version && (start.get(2) == 0x12 || start.get(2) == 0x3A);
    }
}
