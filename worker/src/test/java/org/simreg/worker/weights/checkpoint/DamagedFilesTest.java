package org.simreg.worker.weights.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.simreg.proto.UserError;
import org.simreg.worker.weights.format.StoredZip;
import org.simreg.worker.weights.format.pickle.PickleWriter;
import org.simreg.worker.weights.format.pickle.PickleWriter.Storage;
import org.simreg.worker.weights.tensor.DType;
import org.simreg.worker.weights.tensor.StateDict;

/** Files of weights as disks and copies damage them; how they are damaged serves other tests too. */
public class DamagedFilesTest {
    private static final Storage FOUR = new Storage(DType.FLOAT32, "0", 4, false);

    private static final int SEEDS = Integer.getInteger("simreg.test.fuzz", 400);

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "everything.pth",
                "everything-legacy.pth",
                "everything-protocol4.pth",
                "everything.safetensors",
                "training-legacy.pth.tar",
                "script.pt"
            })
    void flippedBitsAndCutsEndInOneSentenceOrInTensors(String name) throws IOException {
        byte[] whole = Files.readAllBytes(WeightFixtures.file(name));
        int refused = 0;
        for (int seed = 0; seed < SEEDS; seed++) {
            Path file = write(name + "." + seed, damaged(whole, new Random(seed)));
            refused += isRefused(file, "seed " + seed) ? 1 : 0;
            Files.delete(file);
        }
        assertTrue(refused > SEEDS / 8, "only " + refused + " of " + SEEDS + " damaged files were noticed");
    }

    /** The bytes of a file that was cut, or of which some bits or bytes have changed. */
    public static byte[] damaged(byte[] whole, Random random) {
        byte[] bytes = whole.clone();
        switch (random.nextInt(4)) {
            case 0 -> {
                return Arrays.copyOf(bytes, random.nextInt(bytes.length));
            }
            case 1 -> bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
            case 2 -> {
                for (int i = 0; i < 20; i++) {
                    bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
                }
            }
            default -> {
                int start = random.nextInt(bytes.length);
                int end = Math.min(bytes.length, start + 1 + random.nextInt(8));
                Arrays.fill(bytes, start, end, (byte) (random.nextBoolean() ? 0xFF : 0x7F));
            }
        }
        return bytes;
    }

    /** Anything but a UserError that names the file fails the test. */
    private static boolean isRefused(Path file, String what) {
        try {
            StateDict dict = WeightsFile.read(file);
            dict.names().forEach(name -> dict.get(name).data());
            return false;
        } catch (UserError e) {
            assertTrue(e.getMessage().contains(file.toString()), what + ": " + e.getMessage());
            return true;
        } catch (RuntimeException | StackOverflowError | OutOfMemoryError e) {
            throw new AssertionError(what + " of " + file.getFileName(), e);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "hello, these are no weights | neither a PyTorch file nor safetensors",
                "'' | it is empty",
                "version https://git-lfs.github.com/spec/v1 | neither a PyTorch file nor safetensors"
            })
    void anotherFormatIsNamedAsSuch(String content, String expected) throws IOException {
        refusal(write("other.pth", content.getBytes(StandardCharsets.UTF_8)), expected);
    }

    @Test
    void missingFilesAndFoldersAreNamed() throws IOException {
        refusal(folder.resolve("absent.pth"), "there is no such file");
        refusal(folder, "it is a folder");
        refusal(write("zeros.pth", new byte[64]), "it begins with nothing but zeros");
    }

    @Test
    void aZipOfSomethingElseIsRefused() throws IOException {
        Path file = folder.resolve("other.zip");
        try (FileChannel out = open(file);
                StoredZip zip = new StoredZip(out)) {
            zip.add("word/document.xml", new byte[10]);
        }
        refusal(file, "without data.pkl");
    }

    @Test
    void aTensorMayNotLeaveItsStorage() throws IOException {
        refusal(archive(dict().tensor(FOUR, 1, shape(2, 2), shape(2, 1))), "past the end");
        refusal(archive(dict().tensor(FOUR, 0, shape(2), shape(Long.MAX_VALUE))), "past the end");
        refusal(archive(dict().tensor(FOUR, Long.MAX_VALUE, shape(4), shape(1))), "past the end");
        refusal(archive(dict().tensor(FOUR, 0, shape(4), shape(-1))), "no whole number");
    }

    @Test
    void aTensorMayNotBlowUpInMemory() throws IOException {
        long[] still = {0, 0, 0, 0};
        long huge = 1L << 40;
        refusal(archive(dict().tensor(FOUR, 0, shape(huge), shape(0))), "too large");
        refusal(archive(dict().tensor(FOUR, 0, shape(huge, huge, huge, huge), still)), "too large");
        refusal(archive(dict().tensor(FOUR, 0, shape(1 << 28), shape(0))), "larger than");
    }

    @Test
    void aNameCantWriteOnTheTerminal() throws IOException {
        PickleWriter dict = new PickleWriter().emptyDict().mark().string("a\n\u001b[2Jb");
        refusal(archive(dict.tensor(FOUR, 0, shape(5), shape(1))), "tensor a??[2Jb reaches past");
    }

    @Test
    void aStorageThatIsNotThereIsNamed() throws IOException {
        Storage other = new Storage(DType.FLOAT32, "1", 4, false);
        refusal(archive(dict().tensor(other, 0, shape(4), shape(1))), "data/1 is missing");
    }

    @Test
    void aListInsideItselfIsNoTrap() throws IOException {
        ByteArrayOutputStream pickle = new ByteArrayOutputStream();
        // ]q\0h\0a: a list that holds itself; then {h\0h\0s: it is key and value of a dict.
        pickle.writeBytes(new byte[] {(byte) 0x80, 2, ']', 'q', 0, 'h', 0, 'a', '0'});
        pickle.writeBytes(new byte[] {'}', 'h', 0, 'h', 0, 's', '.'});
        refusal(archive(pickle.toByteArray()), "no tensor");
    }

    @Test
    void aDictThatDoublesAtEveryLevelIsRefused() throws IOException {
        ByteArrayOutputStream pickle = new ByteArrayOutputStream();
        pickle.writeBytes(new byte[] {(byte) 0x80, 2, '}', 'q', 0});
        for (int level = 0; level < 60; level++) {
            // }U\1ah<n>sU\1bh<n>sq<n+1>: both values are the dict of the level before.
            byte below = (byte) level;
            pickle.writeBytes(new byte[] {'}', 'U', 1, 'a', 'h', below, 's'});
            pickle.writeBytes(new byte[] {'U', 1, 'b', 'h', below, 's', 'q', (byte) (level + 1)});
        }
        pickle.write('.');
        refusal(archive(pickle.toByteArray()), "too many");
    }

    @Test
    void aMillionMarksAreNoTrap() throws IOException {
        byte[] pickle = new byte[3_000_000];
        Arrays.fill(pickle, (byte) '(');
        refusal(archive(pickle), "nested more than");
        Arrays.fill(pickle, (byte) '}');
        refusal(archive(pickle), "stacked more than");
        Arrays.fill(pickle, (byte) 'Z');
        refusal(archive(pickle), "no known opcode");
    }

    @Test
    void aCompressedArchiveIsUnpacked() throws IOException {
        Path file = folder.resolve("compressed.pth");
        try (var out = new ZipOutputStream(Files.newOutputStream(file))) {
            out.putNextEntry(new ZipEntry("archive/data.pkl"));
            out.write(dict().none().setItems().stop());
        }
        refusal(file, "it holds no tensor");
    }

    private static PickleWriter dict() {
        return new PickleWriter().emptyDict().mark().string("a");
    }

    private static long[] shape(long... sizes) {
        return sizes;
    }

    private Path archive(PickleWriter dict) throws IOException {
        return archive(dict.setItems().stop());
    }

    private Path archive(byte[] pickle) throws IOException {
        Path file = folder.resolve("archive.pth");
        Files.deleteIfExists(file);
        try (FileChannel out = open(file);
                StoredZip zip = new StoredZip(out)) {
            zip.add("archive/data.pkl", pickle);
            zip.add("archive/data/0", new byte[16]);
        }
        return file;
    }

    private static FileChannel open(Path file) throws IOException {
        return FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    }

    private Path write(String name, byte[] bytes) throws IOException {
        return Files.write(folder.resolve(name), bytes);
    }

    private static void refusal(Path file, String expected) {
        UserError error = assertThrows(UserError.class, () -> WeightsFile.read(file));
        String message = error.getMessage();
        assertTrue(message.contains(expected), message);
        assertTrue(message.contains(file.toString()), message);
        assertEquals(-1, message.indexOf('\n'), message);
    }
}
