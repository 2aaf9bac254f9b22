package org.simreg.worker.base.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.simreg.proto.UserError;

/** What a disk, a process or a machine runs out of, and the words for it. */
class ShortageTest {
    private static UserError writing(String reason) {
        return assertThrows(
                UserError.class,
                () -> Disk.write(Path.of("/run/events.log"), () -> {
                    throw new FileSystemException("/run/events.log", null, reason);
                }));
    }

    @ParameterizedTest
    @CsvSource({
        "No space left on device, make room on its disk",
        "Disk quota exceeded, make room on its disk",
        "Too many open files, raise how many files a process may have open (ulimit -n)",
        "Too many open files in system, raise how many files a process may have open (ulimit -n)",
        "Cannot allocate memory, give the machine more memory"
    })
    void eachHasItsOwnWayOut(String reason, String wayOut) {
        UserError error = writing(reason);
        String failed = "Writing /run/events.log failed: " + reason;
        assertEquals(failed + "; " + wayOut + ", then start again; a run continues with --resume", error.getMessage());
        assertEquals(
                failed,
                Shortage.in(new CompletionException(error)).orElseThrow().failure());
        UserError reading = assertThrows(
                UserError.class,
                () -> Disk.read(Path.of("x"), () -> {
                    throw new IOException(reason);
                }));
        assertEquals("Reading x failed: " + reason + "; " + wayOut, reading.getMessage());
        assertEquals(reason, Shortage.in(new IOException(reason)).orElseThrow().failure());
    }

    @Test
    void anythingElseIsNone() {
        UserError error = writing("Input/output error");
        assertTrue(error.getMessage().contains("Input/output error; make room or give the right"), error.getMessage());
        assertTrue(Shortage.in(error).isEmpty());
        assertTrue(Shortage.in(new IllegalStateException("No space left on device"))
                .isEmpty());
    }
}
