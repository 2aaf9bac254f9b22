package org.simreg.worker.features.bankfile;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.proto.UserError;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.features.search.SearchThreads;
import org.simreg.worker.features.search.Shard;
import org.simreg.worker.features.search.TopK;
import org.simreg.worker.weights.checkpoint.DamagedFilesTest;
import org.simreg.worker.weights.format.Safetensors;
import org.simreg.worker.weights.tensor.HostTensor;
import org.simreg.worker.weights.tensor.StateDict;

/** Tests of files of features that other tools wrote: NumPy and safetensors. */
class FeatureTableTest {
    private static final float[] ROWS = {1, 2, -3, 0.5f, 0.25f, 4};

    private static final int SEEDS = Integer.getInteger("simreg.test.fuzz", 400);

    @TempDir
    Path folder;

    @Test
    void rowsOfEveryWidthOfNumberAreRead() throws IOException {
        for (String type : new String[] {"<f4", "<f2", "<f8"}) {
            for (int version : new int[] {1, 2, 3}) {
                Path file = npy(version, type, "False", "(2, 3)", numbers(type));
                try (FeatureTable features = FeatureTable.open(file)) {
                    assertEquals(2, features.rows());
                    assertEquals(3, features.dimension());
                    assertArrayEquals(Arrays.copyOf(ROWS, 3), features.next(1), type);
                    assertArrayEquals(Arrays.copyOfRange(ROWS, 3, 6), features.next(1), type);
                }
            }
        }
    }

    @Test
    void theOneMatrixOfASafetensorsFileIsRead() {
        Map<String, HostTensor> tensors = new LinkedHashMap<>();
        tensors.put("mean", HostTensor.of(new float[3], 3));
        tensors.put("features", HostTensor.of(ROWS, 2, 3));
        Path file = folder.resolve("features.safetensors");
        Safetensors.write(file, StateDict.of(tensors));
        try (FeatureTable features = FeatureTable.open(file)) {
            assertArrayEquals(Arrays.copyOf(ROWS, 3), features.next(1));
            assertArrayEquals(Arrays.copyOfRange(ROWS, 3, 6), features.next(1));
        }
        tensors.put("other", HostTensor.of(ROWS, 3, 2));
        Safetensors.write(file, StateDict.of(tensors));
        UserError refused = assertThrows(UserError.class, () -> FeatureTable.open(file));
        assertTrue(refused.getMessage().contains("features, other"), refused.getMessage());
    }

    @Test
    void aBankOfAFileAnswersWithItsIdsAndLabels() throws IOException {
        Path file = npy(1, "<f4", "False", "(2, 3)", numbers("<f4"));
        Path bank = folder.resolve("rows.bank");
        try (FeatureTable features = FeatureTable.open(file)) {
            features.writeBank(bank, new BankOrigin("w", "v"), 100, new int[] {8, 9});
        }
        try (Torch torch = new Torch("cpu", 1);
                SearchThreads threads = new SearchThreads(torch, 1);
                Shard shard = Shard.open(bank, threads, 1 << 20)) {
            TopK found = shard.search(new float[] {0.5f, 0.25f, 4}, 2, () -> false);
            assertArrayEquals(new long[] {101, 100}, found.ids());
            assertArrayEquals(new int[] {9, 8}, found.labels());
        }
        try (FeatureTable features = FeatureTable.open(file)) {
            assertThrows(UserError.class, () -> features.writeBank(bank, new BankOrigin("w", "v"), 0, new int[3]));
        }
    }

    @Test
    void arraysThatAreNoRowsOfFloatsAreRefusedByName() throws IOException {
        byte[] numbers = numbers("<f4");
        refuse(npy(1, "<i4", "False", "(2, 3)", numbers));
        refuse(npy(1, ">f4", "False", "(2, 3)", numbers));
        refuse(npy(1, "<f4", "True", "(2, 3)", numbers));
        refuse(npy(1, "<f4", "False", "(6,)", numbers));
        refuse(npy(1, "<f4", "False", "(1, 2, 3)", numbers));
        refuse(npy(1, "<f4", "False", "(2, 4)", numbers));
        refuse(npy(1, "<f4", "False", "(99999999999, 3)", numbers));
        refuse(npy(1, "<f4", "False", "(0, 3)", new byte[0]));
        refuse(npy(9, "<f4", "False", "(2, 3)", numbers));
        refuse(Files.write(folder.resolve("short.npy"), new byte[] {(byte) 0x93, 'N', 'U', 'M'}));
        refuse(Files.write(
                folder.resolve("cut.npy"), new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, 50, 0, 'x'}));
        refuse(folder.resolve("absent.npy"));
        refuse(folder);
    }

    /** NumPy writes them as a pickle behind its head. */
    @Test
    void arraysOfPythonObjectsAreRefusedAsSuch() throws IOException {
        byte[] pickle = "cos\nsystem\n(S'touch /tmp/owned'\ntR.".getBytes(StandardCharsets.US_ASCII);
        UserError refused =
                assertThrows(UserError.class, () -> FeatureTable.open(npy(1, "|O", "False", "(2, 3)", pickle)));
        assertTrue(refused.getMessage().contains("it holds Python objects"), refused.getMessage());
        Path fields = npy(1, "<f4", "False", "(2, 3)", pickle);
        String text = Files.readString(fields, StandardCharsets.ISO_8859_1);
        Files.writeString(
                fields,
                text.replace("'<f4'                 ", "[('a','<f4'),('b','|O')]"),
                StandardCharsets.ISO_8859_1);
        refuse(fields);
    }

    @Test
    void damagedArraysEndInOneSentenceOrInNumbers() throws IOException {
        byte[] whole = Files.readAllBytes(npy(1, "<f4", "False", "(2, 3)", numbers("<f4")));
        int refused = 0;
        for (int seed = 0; seed < SEEDS; seed++) {
            Path file = Files.write(folder.resolve(seed + ".npy"), DamagedFilesTest.damaged(whole, new Random(seed)));
            try (FeatureTable features = FeatureTable.open(file)) {
                assertEquals(features.rows() * features.dimension(), features.next(features.rows()).length);
            } catch (UserError e) {
                refused++;
                assertTrue(e.getMessage().contains(file.toString()), "seed " + seed + ": " + e.getMessage());
                assertTrue(e.getMessage().length() < 500, "seed " + seed + ": " + e.getMessage());
                assertEquals(-1, e.getMessage().indexOf('\n'), e.getMessage());
            } catch (RuntimeException | OutOfMemoryError e) {
                throw new AssertionError("seed " + seed, e);
            }
            Files.delete(file);
        }
        assertTrue(refused > SEEDS / 8, "only " + refused + " of " + SEEDS + " damaged files were noticed");
    }

    private static void refuse(Path file) {
        UserError refused = assertThrows(UserError.class, () -> FeatureTable.open(file));
        assertTrue(refused.getMessage().contains(file.toString()), refused.getMessage());
    }

    private static byte[] numbers(String type) {
        ByteBuffer bytes = ByteBuffer.allocate(6 * 8).order(ByteOrder.LITTLE_ENDIAN);
        for (float value : ROWS) {
            switch (type) {
                case "<f4" -> bytes.putFloat(value);
                case "<f8" -> bytes.putDouble(value);
                default -> bytes.putShort(half(value));
            }
        }
        return Arrays.copyOf(bytes.array(), bytes.position());
    }

    /** For numbers that float16 holds exactly. */
    private static short half(float value) {
        int bits = Float.floatToRawIntBits(value);
        int exponent = (bits >> 23 & 0xFF) - 127 + 15;
        return (short) (bits >> 16 & 0x8000 | exponent << 10 | bits >> 13 & 0x3FF);
    }

    private Path npy(int version, String type, String fortran, String shape, byte[] numbers) throws IOException {
        String head = "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }".formatted(type, fortran, shape);
        byte[] text = (head + " ".repeat(118 - head.length()) + "\n").getBytes(StandardCharsets.US_ASCII);
        ByteBuffer length = ByteBuffer.allocate(version == 1 ? 2 : 4).order(ByteOrder.LITTLE_ENDIAN);
        if (version == 1) {
            length.putShort((short) text.length);
        } else {
            length.putInt(text.length);
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.writeBytes(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', (byte) version, 0});
        bytes.writeBytes(length.array());
        bytes.writeBytes(text);
        bytes.writeBytes(numbers);
        return Files.write(Files.createTempFile(folder, "rows", ".npy"), bytes.toByteArray());
    }
}
