package org.simreg.worker.base.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.proto.UserError;

/** Tests that no link in a folder of ours leads out of it. */
class OwnFolderTest {
    @TempDir
    Path temporary;

    private Path ours;
    private Path theirs;

    @BeforeEach
    void make() throws IOException {
        ours = Files.createDirectories(temporary.resolve("ours/inner")).getParent();
        theirs = Files.createDirectory(temporary.resolve("theirs"));
        Files.writeString(theirs.resolve("a"), "theirs");
        Files.writeString(ours.resolve("inner/a"), "ours");
    }

    @Test
    void aLinkIsNotOpenedAndNotMade() throws IOException {
        Path link = Files.createSymbolicLink(ours.resolve("link"), theirs.resolve("a"));
        UserError refused = assertThrows(UserError.class, () -> OwnFolder.open(link, StandardOpenOption.WRITE));
        assertEquals(
                link + " is a symbolic link, and links in a run folder are not followed; remove it",
                refused.getMessage());
        Path nowhere = Files.createSymbolicLink(ours.resolve("nowhere"), theirs.resolve("b"));
        assertThrows(
                UserError.class, () -> OwnFolder.open(nowhere, StandardOpenOption.CREATE, StandardOpenOption.WRITE));
        assertFalse(Files.exists(theirs.resolve("b")));
        Path folder = Files.createSymbolicLink(ours.resolve("folder"), theirs);
        assertThrows(UserError.class, () -> OwnFolder.make(folder));
        assertFalse(OwnFolder.isFolder(folder));
        assertFalse(OwnFolder.isFile(link));
    }

    @Test
    void whatIsDeletedIsInTheFolderThatWasOpened() throws IOException {
        try (OwnFolder open = OwnFolder.open(ours);
                OwnFolder inner = open.inside("inner").orElseThrow()) {
            assertEquals(List.of("a"), inner.names());
            Files.move(ours.resolve("inner"), ours.resolve("moved"));
            Files.createSymbolicLink(ours.resolve("inner"), theirs);
            inner.delete("a");
            assertFalse(Files.exists(ours.resolve("moved/a")));
            assertThrows(UserError.class, () -> open.inside("inner"));
            assertEquals(Optional.empty(), open.inside("absent"));
            open.delete("inner");
            open.delete("absent");
            open.deleteIfEmpty("moved");
        }
        assertTrue(Files.exists(theirs.resolve("a")));
        assertFalse(Files.exists(ours.resolve("moved")));
    }

    @Test
    void aFolderThatIsNotEmptyStays() throws IOException {
        try (OwnFolder open = OwnFolder.open(ours)) {
            open.deleteIfEmpty("inner");
        }
        assertTrue(Files.exists(ours.resolve("inner/a")));
    }
}
