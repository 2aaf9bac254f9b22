package org.simreg.worker.train.student;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests of the names of checkpoint files in a folder. */
class RunCheckpointTest {
    @TempDir
    Path folder;

    @Test
    void theNewestIsTheOneOfTheHighestStepWhateverElseLiesThere() throws IOException {
        List<String> names = Stream.of(3L, 20L, 99_999_999L, 100_000_000L)
                .map(RunCheckpoint::fileName)
                .toList();
        for (String name : names) {
            Files.createFile(folder.resolve(name));
        }
        Files.createFile(folder.resolve("notes.safetensors"));
        Files.createFile(folder.resolve(".step-00000021.safetensors.5.6.tmp"));
        assertEquals(
                names,
                RunCheckpoint.list(folder).stream()
                        .map(file -> file.getFileName().toString())
                        .toList());
        assertEquals(Optional.of(folder.resolve("step-100000000.safetensors")), RunCheckpoint.newest(folder));
    }

    @Test
    void aFolderThatIsNotThereHoldsNone() {
        assertEquals(Optional.empty(), RunCheckpoint.newest(folder.resolve("absent")));
    }
}
