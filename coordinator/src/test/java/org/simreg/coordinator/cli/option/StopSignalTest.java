package org.simreg.coordinator.cli.option;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Signals to a command in a JVM of its own. The probe is ended by its handle: {@link
 * Process#destroy} would close the streams too. SIGTERM stands for Ctrl-C too: the JVM treats both
 * alike, but a test that runs in the background may have inherited a SIGINT that is ignored.
 */
@Timeout(60)
class StopSignalTest {
    private static final int TERMINATED = 128 + 15;

    private static Process start(String mode) throws IOException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        return new ProcessBuilder(java, "-cp", System.getProperty("java.class.path"), StopProbe.class.getName(), mode)
                .start();
    }

    @Test
    void aCommandThatListensEndsCleanlyBeforeTheJvmDoes() throws Exception {
        Process probe = start("clean");
        try (BufferedReader out = probe.inputReader();
                BufferedReader err = probe.errorReader()) {
            assertEquals("running", out.readLine());
            probe.toHandle().destroy();
            assertEquals("checkpoint written, requested true", out.readLine());
            assertTrue(err.readLine().startsWith("Stopping"));
            assertEquals(TERMINATED, probe.waitFor());
        }
    }

    @Test
    void aCommandThatDoesNotListenEndsAtOnce() throws Exception {
        Process probe = start("deaf");
        try (BufferedReader out = probe.inputReader()) {
            assertEquals("running", out.readLine());
            probe.toHandle().destroy();
            assertNull(out.readLine());
            assertEquals(TERMINATED, probe.waitFor());
        }
    }
}
