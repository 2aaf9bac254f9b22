package org.simreg.worker.weights.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Optional;
import java.util.Random;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.proto.UserError;
import org.simreg.worker.base.concurrent.StorageWatch;

@SuppressWarnings("try") // reads are there for the watch to see
class MappedFileTest {
    private static final int SIZE = 3 << 20;

    @TempDir
    Path folder;

    private final StorageWatch watch = new StorageWatch();

    private Path file(String name, long seed) throws Exception {
        byte[] bytes = new byte[SIZE];
        new Random(seed).nextBytes(bytes);
        return Files.write(folder.resolve(name), bytes);
    }

    private static void cut(Path file, int size) throws Exception {
        try (RandomAccessFile cut = new RandomAccessFile(file.toFile(), "rw")) {
            cut.setLength(size);
        }
    }

    /** Whether a read under way gets ahead by what is done. */
    private boolean isProgress(Runnable what) {
        Duration patience = Duration.ofSeconds(10);
        try (StorageWatch.Read read = watch.reading("file")) {
            assertEquals(Optional.empty(), watch.look(9_000, patience));
            what.run();
            return watch.look(9_000, patience).isEmpty();
        }
    }

    @Test
    void whatIsGivenAwayWasReadOnceUnderTheThreadsWatch() throws Exception {
        Path path = file("a.pth", 1);
        ByteBuffer expected = ByteBuffer.wrap(Files.readAllBytes(path)).order(ByteOrder.LITTLE_ENDIAN);
        MappedFile file = MappedFile.open(path);
        assertTrue(isProgress(() -> assertEquals(expected.slice(7, 2 << 20), slice(file, 7, 2 << 20))));
        Supplier<ByteBuffer> lazy = file.lazily(100, 1 << 20);
        assertTrue(isProgress(() -> assertEquals(expected.slice(100, 1 << 20), lazy.get())));
        assertFalse(isProgress(() -> assertEquals(1 << 20, lazy.get().remaining())));
        assertEquals(expected.getInt(100), lazy.get().getInt(0));
        assertFalse(isProgress(() -> {}));
    }

    private static ByteBuffer slice(MappedFile file, long offset, long length) {
        try {
            return file.slice(offset, length);
        } catch (CorruptFile e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aFileThatIsCutAfterItWasOpenedIsRefused() throws Exception {
        Path path = file("a.pth", 1);
        MappedFile file = MappedFile.open(path);
        Supplier<ByteBuffer> lazy = file.lazily(1 << 20, 1 << 20);
        cut(path, 1 << 20);
        assertEquals(1 << 20, file.slice(0, 1 << 20).remaining());
        CorruptFile cut = assertThrows(CorruptFile.class, () -> file.slice(0, SIZE));
        assertEquals("it has become shorter while it was read, and ends at byte 1048576", cut.getMessage());
        UserError lazily = assertThrows(UserError.class, lazy::get);
        assertEquals("Can't read weights from %s: %s".formatted(path, cut.getMessage()), lazily.getMessage());
    }

    @Test
    void aFileThatIsReplacedOrDeletedKeepsItsBytes() throws Exception {
        Path path = file("a.pth", 1);
        MappedFile first = MappedFile.open(path);
        ByteBuffer expected = ByteBuffer.wrap(Files.readAllBytes(path));
        Path other = file("b.pth", 2);
        cut(other, 10);
        Files.move(other, path, StandardCopyOption.REPLACE_EXISTING);
        assertEquals(expected, first.slice(0, SIZE));
        Files.delete(path);
        assertEquals(expected.slice(5, 100), first.lazily(5, 100).get());
    }

    @Test
    void aFileInsideAnotherOneIsReadWithIt() throws Exception {
        MappedFile file = MappedFile.of(file("a.zip", 1), ByteBuffer.wrap(new byte[] {1, 2, 3}));
        assertEquals(2, file.slice(1, 2).get(0));
        assertFalse(isProgress(() -> slice(file, 0, 3)));
    }
}
