package org.simreg.worker.weights.format;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.worker.weights.tensor.CorruptFile;
import org.simreg.worker.weights.tensor.HostTensor;
import org.simreg.worker.weights.tensor.MappedFile;
import org.simreg.worker.weights.tensor.StateDict;

/** Tests that a seal that was right once is asked again as soon as the file changes. */
class VerifiedSealsTest {
    @TempDir
    Path folder;

    private Path file;

    @BeforeEach
    void writeSealedFile() throws IOException {
        file = folder.resolve("sealed.safetensors");
        StateDict tensors = StateDict.of(Map.of("a", HostTensor.of(new float[] {1, 2, 3}, 3)));
        Safetensors.write(file, tensors, Safetensors.sealed(tensors, Map.of("note", "kept")));
        while (VerifiedSeals.state(file).isEmpty()) {
            Thread.onSpinWait();
        }
    }

    private Map<String, String> notes() throws IOException {
        return Safetensors.notes(MappedFile.open(file));
    }

    @Test
    void aByteChangedInPlaceAfterItWasReadIsRefused() throws IOException {
        assertEquals("kept", notes().get("note"));
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(new byte[] {7}), channel.size() - 1);
        }
        assertThrows(CorruptFile.class, this::notes);
        assertThrows(CorruptFile.class, this::notes);
    }

    @Test
    void theOldestIsForgotten() {
        VerifiedSeals seals = new VerifiedSeals();
        var first = VerifiedSeals.state(file).orElseThrow();
        seals.add(first, "seal");
        assertTrue(seals.has(first, "seal"));
        assertFalse(seals.has(first, "another"));
        for (long size = 0; size < 64; size++) {
            seals.add(new VerifiedSeals.State("inode", size, first.changed()), "seal");
        }
        assertFalse(seals.has(first, "seal"));
    }
}
