package org.simreg.worker.base.io;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests that what is private is so from its first moment, whatever the user's mask. */
class PrivateFilesTest {
    @TempDir
    Path temporary;

    @Test
    void aFolderAndWhatIsMadeInItIsTheOwnersOnly() throws IOException {
        Path folder = temporary.resolve("on/the/way");
        PrivateFiles.folder(folder);
        assertEquals("rwx------", rights(folder));
        assertEquals("rwx------", rights(folder.getParent()));
        Path file = folder.resolve("whole");
        AtomicFile.write(file, channel -> AtomicFile.put(channel, ByteBuffer.wrap(new byte[] {1})));
        assertEquals("rw-------", rights(file));
        OwnFolder.open(folder.resolve("grows"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)
                .close();
        assertEquals("rw-------", rights(folder.resolve("grows")));
    }

    @Test
    void whatIsThereIsTakenFromOthers() throws IOException {
        Path folder = Files.createDirectory(temporary.resolve("home"));
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        Path file = Files.writeString(folder.resolve("jobs.journal"), "");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
        PrivateFiles.folder(folder);
        PrivateFiles.file(file);
        PrivateFiles.file(folder.resolve("absent"));
        assertEquals("rwx------", rights(folder));
        assertEquals("rw-------", rights(file));
    }

    @Test
    void elsewhereTheUsersMaskHolds() throws IOException {
        Path folder = Files.createDirectory(temporary.resolve("run"));
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        Path usual = Files.writeString(folder.resolve("usual"), "");
        AtomicFile.write(folder.resolve("ours"), channel -> AtomicFile.put(channel, ByteBuffer.allocate(1)));
        assertEquals(rights(usual), rights(folder.resolve("ours")));
    }

    private static String rights(Path path) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }
}
