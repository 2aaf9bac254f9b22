package org.simreg.worker.features.table;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.proto.UserError;

class RowLogTest {
    private static final int BATCH = 4;
    private static final int BYTES = 8 + 4 * 3;

    @TempDir
    Path folder;

    private Path file;

    @BeforeEach
    void name() {
        file = folder.resolve("rows");
    }

    private static float[] values(int... ids) {
        float[] values = new float[3 * ids.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = ids[i / 3] + i % 3 / 10f;
        }
        return values;
    }

    /** Batches of ids 0 to 3 without 2, and 4 to 7. */
    private void written() {
        try (RowLog log = RowLog.open(file, "key", BATCH)) {
            log.append(values(0, 1, 3), new int[] {0, 1, 3});
            log.append(values(4, 5, 6, 7), new int[] {4, 5, 6, 7});
        }
    }

    private static int[] ids(RowLog log) {
        return IntStream.range(0, log.size()).map(log::id).toArray();
    }

    @Test
    void whatWasAppendedIsThereAgainButForTheLastBatch() {
        written();
        try (RowLog log = RowLog.open(file, "key", BATCH)) {
            assertFalse(log.replaced());
            assertArrayEquals(new int[] {0, 1, 3}, ids(log));
            float[] row = new float[3];
            log.copy(2, row);
            assertArrayEquals(values(3), row);
            log.append(values(4), new int[] {4});
            log.copy(3, row);
            assertArrayEquals(values(4), row);
        }
    }

    /** At every byte: never a row that was not whole, nor one of a batch that may lack others. */
    @Test
    void aLogCutAnywhereKeepsOnlyWholeBatches() throws IOException {
        written();
        byte[] whole = Files.readAllBytes(file);
        for (int length = 0; length < whole.length; length++) {
            Files.write(file, Arrays.copyOf(whole, length));
            try (RowLog log = RowLog.open(file, "key", BATCH)) {
                boolean first = length >= whole.length - 4 * BYTES + BYTES;
                assertArrayEquals(first ? new int[] {0, 1, 3} : new int[0], ids(log), "cut after " + length);
            }
        }
    }

    @Test
    void aDamagedRowEndsTheLogAndIsRefusedWhenItIsReadLater() throws IOException {
        written();
        try (RowLog log = RowLog.open(file, "key", BATCH)) {
            flip(Files.size(file) - 10);
            assertThrows(UserError.class, () -> log.copy(2, new float[3]));
        }
        try (RowLog log = RowLog.open(file, "key", BATCH)) {
            assertEquals(0, log.size(), "rows 0 and 1 may lack 2 and 3");
        }
    }

    private void flip(long at) throws IOException {
        try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
            bytes.seek(at);
            int value = bytes.read();
            bytes.seek(at);
            bytes.write(value ^ 1);
        }
    }

    @Test
    void rowsOfAnotherKeyAreDropped() {
        written();
        try (RowLog log = RowLog.open(file, "another", BATCH)) {
            assertTrue(log.replaced());
            assertEquals(0, log.size());
            log.append(new float[] {1, 2}, new int[] {5});
            assertEquals(2, log.dimension(), "another network may have another width");
        }
    }
}
