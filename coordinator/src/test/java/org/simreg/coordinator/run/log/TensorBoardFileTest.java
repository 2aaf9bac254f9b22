package org.simreg.coordinator.run.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.proto.Progress;

class TensorBoardFileTest {
    /**
     * What TensorBoard's own writer makes of a file version at 1700000000 s, and of epoch/loss
     * 0.375 in step 12 at 1700000001.5 s (tensorboard 2.21, RecordWriter).
     */
    private static final String VERSION =
            "1800000000000000a37f4b220900000040fc54d9411a0d627261696e2e4576656e743a32eced8f9d";

    private static final String EPOCH_LOSS =
            "200000000000000029eda9500900006040fc54d941100c2a130a110a0a65706f63682f6c6f73731500" + "00c03ecd811c07";

    @TempDir
    Path folder;

    @Test
    void recordsAreThoseOfTensorBoard() throws IOException {
        try (TensorBoardFile file = TensorBoardFile.create(folder, 1_700_000_000_000L)) {
            file.write(Events.step(12, 3));
            file.write(Progress.newBuilder(Events.epoch(3))
                    .setTimeMs(1_700_000_001_500L)
                    .build());
        }
        String bytes = HexFormat.of().formatHex(Files.readAllBytes(only()));
        assertTrue(bytes.startsWith(VERSION), bytes);
        assertTrue(bytes.endsWith(EPOCH_LOSS), bytes);
    }

    @Test
    void eventsWithoutNumbersWriteNothing() throws IOException {
        try (TensorBoardFile file = TensorBoardFile.create(folder, 1_700_000_000_000L)) {
            file.write(Events.notice("nothing to plot"));
            file.write(Events.checkpoint(1));
        }
        assertEquals(VERSION, HexFormat.of().formatHex(Files.readAllBytes(only())));
    }

    private Path only() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            Path file = files.findAny().orElseThrow();
            assertEquals(
                    "events.out.tfevents.1700000000.simreg", file.getFileName().toString());
            return file;
        }
    }
}
