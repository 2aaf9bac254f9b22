package org.simreg.coordinator.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.proto.UserError;

class FolderLockTest {
    @TempDir
    Path temporary;

    @Test
    void aFolderIsMadeAndHasOneOwnerInAProcess() throws IOException {
        Path folder = temporary.resolve("new/run");
        FolderLock lock = FolderLock.take(folder, "run folder");
        Path same = Files.createSymbolicLink(temporary.resolve("link"), folder);
        for (Path name : List.of(folder, same)) {
            UserError refused = assertThrows(UserError.class, () -> FolderLock.take(name, "run folder"));
            assertEquals(
                    "The run folder "
                            + name
                            + " is in use by this process; wait for it or stop it, or choose another folder",
                    refused.getMessage());
        }
        lock.close();
        FolderLock.take(same, "run folder").close();
    }

    @Test
    void whatIsNoLockIsNotEmptied() throws IOException {
        Path other = Files.writeString(temporary.resolve("journal"), "precious");
        Path file = temporary.resolve(FolderLock.NAME);
        Files.createSymbolicLink(file, other);
        UserError refused = assertThrows(UserError.class, () -> FolderLock.take(temporary, "run folder"));
        assertTrue(refused.getMessage().contains(file + " is a symbolic link"), refused.getMessage());
        Files.delete(file);
        Files.createLink(file, other);
        refused = assertThrows(UserError.class, () -> FolderLock.take(temporary, "run folder"));
        assertEquals(file + " is no lock of simreg; move it away", refused.getMessage());
        assertEquals("precious", Files.readString(other));
        Files.delete(file);
        FolderLock.take(temporary, "run folder").close();
        FolderLock.take(temporary, "run folder").close();
    }

    @Test
    void aKilledProcessGivesItsFolderBack() throws IOException, InterruptedException {
        Process owner = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Owner.class.getName(),
                        temporary.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (BufferedReader said = owner.inputReader()) {
            assertEquals("taken", said.readLine());
            UserError refused = assertThrows(UserError.class, () -> FolderLock.take(temporary, "run folder"));
            assertTrue(
                    refused.getMessage().contains("in use by process " + owner.pid() + ", since"),
                    refused.getMessage());
        } finally {
            owner.destroyForcibly().waitFor();
        }
        FolderLock.take(temporary, "run folder").close();
    }

    /** Another process that takes a folder and waits to be killed. */
    static final class Owner {
        private Owner() {}

        public static void main(String[] arguments) throws InterruptedException {
            FolderLock.take(Path.of(arguments[0]), "run folder");
            System.out.println("taken");
            Thread.currentThread().join();
        }
    }
}
