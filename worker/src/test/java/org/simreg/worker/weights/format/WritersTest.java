package org.simreg.worker.weights.format;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.AtomicFile;
import org.simreg.worker.export.OnnxWriter;
import org.simreg.worker.weights.checkpoint.WeightFixtures;
import org.simreg.worker.weights.checkpoint.WeightsFile;
import org.simreg.worker.weights.tensor.MappedFile;
import org.simreg.worker.weights.tensor.StateDict;

class WritersTest {
    private static final StateDict SMALL =
            WeightFixtures.weights(WeightFixtures.SMALL).withCounters(WeightFixtures.SMALL, 7);

    @TempDir
    Path folder;

    @Test
    void whatIsWrittenIsReadBack() {
        Path torch = folder.resolve("small.pth");
        Path safe = folder.resolve("small.safetensors");
        TorchZip.write(torch, SMALL);
        Safetensors.write(safe, SMALL);
        same(SMALL, WeightsFile.read(torch));
        same(SMALL, WeightsFile.read(safe));
    }

    @Test
    void everyElementTypeSurvivesBothWriters() {
        StateDict all = WeightsFile.read(WeightFixtures.file("everything.pth"));
        Path torch = folder.resolve("all.pth");
        Path safe = folder.resolve("all.safetensors");
        TorchZip.write(torch, all);
        Safetensors.write(safe, all);
        same(all, WeightsFile.read(torch));
        same(all, WeightsFile.read(safe));
    }

    @Test
    void theCountersThatStrictLoadingWantsStandBehindEveryNorm() {
        assertEquals(
                List.of(
                        "conv1.weight",
                        "bn1.weight",
                        "bn1.bias",
                        "bn1.running_mean",
                        "bn1.running_var",
                        "bn1.num_batches_tracked"),
                new ArrayList<>(SMALL.names()).subList(0, 6));
        assertEquals(7, SMALL.get("bn1.num_batches_tracked").data().getLong());
        assertEquals(0, SMALL.shape("bn1.num_batches_tracked").length);
    }

    @Test
    void equalWeightsGiveEqualBytes() throws IOException {
        StateDict again = WeightFixtures.weights(WeightFixtures.SMALL).withCounters(WeightFixtures.SMALL, 7);
        for (int i = 0; i < 2; i++) {
            StateDict weights = i == 0 ? SMALL : again;
            TorchZip.write(folder.resolve(i + ".pth"), weights);
            Safetensors.write(folder.resolve(i + ".safetensors"), weights);
            OnnxWriter.write(folder.resolve(i + ".onnx"), WeightFixtures.SMALL, weights, 32);
        }
        for (String end : List.of(".pth", ".safetensors", ".onnx")) {
            assertEquals(-1, Files.mismatch(folder.resolve("0" + end), folder.resolve("1" + end)), end);
        }
    }

    @Test
    void everyRecordIsAlignedForMapping() throws IOException {
        Path file = folder.resolve("small.pth");
        TorchZip.write(file, SMALL);
        byte[] bytes = Files.readAllBytes(file);
        byte[] weight = new byte[4 * 108];
        SMALL.get("conv1.weight").data().get(weight);
        int place = find(bytes, weight);
        assertTrue(place > 0 && place % 64 == 0, "data begins at " + place);
        try (ZipFile zip = new ZipFile(file.toFile())) {
            assertEquals(SMALL.size() + 3, zip.size());
            assertArrayEquals(
                    weight, zip.getInputStream(zip.getEntry("archive/data/0")).readAllBytes());
        }
    }

    @Test
    void beyondFourGigabytesTheArchiveIsZip64() throws IOException {
        Path file = folder.resolve("large.zip");
        byte[] text = "far out".getBytes(StandardCharsets.UTF_8);
        try (FileChannel out = FileChannel.open(
                file, StandardOpenOption.CREATE_NEW, StandardOpenOption.SPARSE, StandardOpenOption.WRITE)) {
            try (StoredZip zip = new StoredZip(out)) {
                zip.add("near", text);
                out.position(5L << 30);
                zip.add("far", text);
            }
        }
        ZipDirectory zip = new ZipDirectory(MappedFile.open(file));
        assertEquals(ByteBuffer.wrap(text), zip.data("near"));
        assertEquals(ByteBuffer.wrap(text), zip.data("far"));
        try (ZipFile other = new ZipFile(file.toFile())) {
            assertArrayEquals(text, other.getInputStream(other.getEntry("far")).readAllBytes());
        }
    }

    @Test
    void aWriteThatFailsLeavesTheOldFileAndNothingElse() throws IOException {
        Path file = Files.writeString(folder.resolve("old.pth"), "old");
        UserError error = assertThrows(
                UserError.class,
                () -> AtomicFile.write(file, channel -> {
                    channel.write(ByteBuffer.wrap(new byte[100]));
                    throw new IOException("No space left on device");
                }));
        assertTrue(error.getMessage().contains(file + ": No space left"), error.getMessage());
        assertEquals("old", Files.readString(file));
        onlyFile("old.pth");
    }

    @Test
    void aWriteReplacesTheOldFileAndMakesItsFolder() throws IOException {
        Path file = folder.resolve("deep/er/new.pth");
        TorchZip.write(file, SMALL);
        StateDict old = WeightsFile.read(file);
        TorchZip.write(file, WeightFixtures.weights(WeightFixtures.SMALL));
        assertFalse(WeightsFile.read(file).contains("bn1.num_batches_tracked"));
        same(SMALL, old);
        try (var files = Files.list(file.getParent())) {
            assertEquals(List.of(file), files.toList());
        }
    }

    @Test
    void aFolderThatIsAFileIsNamed() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "").resolve("x.pth");
        UserError error = assertThrows(UserError.class, () -> TorchZip.write(file, SMALL));
        assertTrue(error.getMessage().startsWith("Can't write " + file), error.getMessage());
        onlyFile("file");
    }

    private void onlyFile(String name) throws IOException {
        try (var files = Files.list(folder)) {
            assertEquals(List.of(folder.resolve(name)), files.toList());
        }
    }

    private static int find(byte[] bytes, byte[] part) {
        for (int i = 0; i + part.length <= bytes.length; i++) {
            if (Arrays.equals(bytes, i, i + part.length, part, 0, part.length)) {
                return i;
            }
        }
        return -1;
    }

    private static void same(StateDict expected, StateDict actual) {
        assertEquals(new ArrayList<>(expected.names()), new ArrayList<>(actual.names()));
        for (String name : expected.names()) {
            assertEquals(expected.dtype(name), actual.dtype(name), name);
            assertArrayEquals(expected.shape(name), actual.shape(name), name);
            assertEquals(expected.get(name).data(), actual.get(name).data(), name);
        }
    }
}
