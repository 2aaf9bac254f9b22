package org.simreg.worker.base.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Tests of what a user's path may name, and of how much of it is read. */
@Timeout(20)
class UserFileTest {
    @TempDir
    Path folder;

    private Path file(byte... bytes) throws IOException {
        return Files.write(folder.resolve("file"), bytes);
    }

    /** A file of that length that takes no room. */
    private Path hole(long length) throws IOException {
        Path file = folder.resolve("hole");
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.setLength(length);
        }
        return file;
    }

    private static String refused(Path file) {
        String why = Disk.reason(assertThrows(IOException.class, () -> UserFile.open(file)));
        assertEquals(why, Disk.reason(assertThrows(IOException.class, () -> UserFile.bytes(file, 10))));
        assertEquals(why, Disk.reason(assertThrows(IOException.class, () -> Sha256.of(file))));
        return why;
    }

    @Test
    void aPipeThatNobodyWritesToIsRefusedAtOnce() throws Exception {
        Path pipe = folder.resolve("pipe");
        assertEquals(0, new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor());
        assertEquals("it is a pipe, and only a regular file can be read", refused(pipe));
        Path link = Files.createSymbolicLink(folder.resolve("link"), pipe);
        assertEquals("it is a pipe, and only a regular file can be read", refused(link));
    }

    @Test
    void aPipeIsNoFolder() throws Exception {
        Path pipe = folder.resolve("pipe");
        assertEquals(0, new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor());
        IOException why = assertThrows(IOException.class, () -> UserFile.requireFolder(pipe));
        assertEquals("it is a pipe, and no folder", Disk.reason(why));
        IOException file = assertThrows(IOException.class, () -> UserFile.requireFolder(file((byte) 1)));
        assertEquals("it is a file, and no folder", Disk.reason(file));
        UserFile.requireFolder(folder);
    }

    @Test
    void aDeviceAFolderAndASocketAreRefusedByTheirKind() throws IOException {
        assertEquals("it is a device, and only a regular file can be read", refused(Path.of("/dev/zero")));
        assertEquals("it is a folder, and only a regular file can be read", refused(folder));
        Path socket = folder.resolve("s");
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(socket));
            assertEquals("it is a socket, and only a regular file can be read", refused(socket));
        }
        assertThrows(NoSuchFileException.class, () -> UserFile.open(folder.resolve("absent")));
    }

    @Test
    void whatIsTooLargeIsRefusedBeforeMemoryIsTaken() throws IOException {
        Path hole = hole(6_000_000_000L);
        IOException why = assertThrows(IOException.class, () -> UserFile.bytes(hole, 1 << 20));
        assertEquals("it has 6000000000 bytes, and at most 1048576 are read", Disk.reason(why));
    }

    @Test
    void aFileMayHaveAsMuchAsIsAllowed() throws IOException {
        Path file = file((byte) 'a', (byte) 'b', (byte) 'c');
        assertArrayEquals(new byte[] {'a', 'b', 'c'}, UserFile.bytes(file, 3));
        assertEquals("abc", UserFile.text(file, 3));
        assertThrows(IOException.class, () -> UserFile.bytes(file, 2));
        assertEquals(0, UserFile.bytes(file(), 0).length);
    }

    /** The kernel gives files in /proc no length. */
    @Test
    void aFileWithoutALengthIsReadToItsBound() throws IOException {
        Path status = Path.of("/proc/self/status");
        assertTrue(UserFile.text(status, 1 << 20).contains("VmRSS"));
        assertThrows(IOException.class, () -> UserFile.bytes(status, 100));
    }

    private static List<String> lines(Path file) throws IOException {
        List<String> all = new ArrayList<>();
        try (UserFile.Lines lines = new UserFile.Lines(file)) {
            for (String line = lines.next(); line != null; line = lines.next()) {
                all.add(line);
            }
            assertNull(lines.next());
        }
        return all;
    }

    @Test
    void linesAreThoseThatJavaReads() throws IOException {
        String longest = "x".repeat(UserFile.Lines.LONGEST);
        for (String text :
                List.of("", "\n", "a", "a\n", "a\r\nb\rc\n\nd", "\r\n\r\n", "ä\n\rö", longest + "\n" + longest)) {
            Path file = Files.writeString(folder.resolve("text"), text);
            assertEquals(Files.readAllLines(file), lines(file), text);
        }
    }

    @Test
    void aLineWithoutEndAndOneOfOtherBytesAreNamed() throws IOException {
        Path hole = hole(6_000_000_000L);
        assertEquals(
                "its line 1 has more than 65536 bytes",
                Disk.reason(assertThrows(IOException.class, () -> lines(hole))));
        Path latin = file((byte) 'a', (byte) '\n', (byte) 0xE4, (byte) '\n');
        assertEquals("its line 2 is not UTF-8", Disk.reason(assertThrows(IOException.class, () -> lines(latin))));
    }

    @Test
    void linesAreReadOneByOneAndBounded() throws IOException {
        Path file = Files.writeString(folder.resolve("lines"), "first\n\nlast");
        try (FileLines lines = new FileLines(file, 5)) {
            assertEquals(Optional.of("first"), lines.next());
            assertEquals(Optional.of(""), lines.next());
            assertEquals(Optional.of("last"), lines.next());
            assertEquals(Optional.empty(), lines.next());
        }
        String longer = "x".repeat(100_000);
        Files.writeString(file, longer + "\n" + longer + "\n");
        try (FileLines lines = new FileLines(file, 100_000)) {
            assertEquals(Optional.of(longer), lines.next());
            assertEquals(Optional.of(longer), lines.next());
            assertEquals(Optional.empty(), lines.next());
        }
        try (FileLines lines = new FileLines(hole(6L << 30), 1000)) {
            String message = assertThrows(IOException.class, lines::next).getMessage();
            assertTrue(message.endsWith("hole has a line of more than 1000 bytes"), message);
        }
    }
}
