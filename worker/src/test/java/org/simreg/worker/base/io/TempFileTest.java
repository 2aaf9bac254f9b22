package org.simreg.worker.base.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests that temporary files are nobody else's, and that those of killed processes go. */
class TempFileTest {
    @TempDir
    Path all;

    @Test
    void onlyTheUserMayReadIt() throws IOException {
        Path path;
        try (TempFile file = TempFile.make(".pt")) {
            path = file.path();
            assertTrue(path.toString().endsWith(".pt"));
            assertEquals(PosixFilePermissions.fromString("rw-------"), Files.getPosixFilePermissions(path));
            assertEquals(PosixFilePermissions.fromString("rwx------"), Files.getPosixFilePermissions(path.getParent()));
        }
        assertFalse(Files.exists(path));
    }

    @Test
    void whatAKilledProcessHasLeftGoesAndWhatALiveOneHasStays() throws IOException, InterruptedException {
        Path left = Files.createDirectory(all.resolve("simreg-tmp-1"));
        Files.writeString(left.resolve(".lock"), "");
        Files.writeString(left.resolve("1.pt"), "weights");
        Path other = Files.createDirectory(all.resolve("simreg-tmp-2"));
        Path link = Files.createSymbolicLink(all.resolve("simreg-tmp-3"), left);
        Process live = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-Djava.io.tmpdir=" + all,
                        "-cp",
                        System.getProperty("java.class.path"),
                        Live.class.getName())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try {
            Path theirs = Path.of(live.inputReader().readLine());
            assertFalse(Files.exists(left), "the next process has deleted it");
            TempFile.clear(all);
            assertTrue(Files.exists(theirs));
            live.destroyForcibly().waitFor();
            TempFile.clear(all);
            assertFalse(Files.exists(theirs));
            assertTrue(Files.exists(other), "one that is just being made");
            assertTrue(Files.isSymbolicLink(link));
        } finally {
            live.destroyForcibly().waitFor();
        }
    }

    /** Another process that has a file and waits to be killed. */
    static final class Live {
        public static void main(String[] arguments) throws IOException, InterruptedException {
            TempFile file = TempFile.make(".pt");
            System.out.println(file.path());
            Thread.sleep(60_000);
            file.close();
        }
    }
}
