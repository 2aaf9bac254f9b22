package org.simreg.coordinator.node;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** When a device that ends processes is left out. */
class DeviceFaultsTest {
    private static final String FAULT = "an illegal memory access was encountered";
    private static final String SLOT = "0000:3B:00.0";

    @TempDir
    Path folder;

    private DeviceFaults at(String slot, String time) {
        return new DeviceFaults(folder.resolve("devices"), slot, Clock.fixed(Instant.parse(time), ZoneOffset.UTC));
    }

    @Test
    void aDeviceIsLeftOutAfterTwoFaultsInADayUntilItsFileIsDeleted() throws IOException {
        assertEquals(Optional.empty(), at(SLOT, "2026-03-01T10:00:00Z").objection("cuda:1"));
        at(SLOT, "2026-03-01T10:00:00Z").add(FAULT);
        assertEquals(Optional.empty(), at(SLOT, "2026-03-01T10:00:01Z").objection("cuda:1"));
        at(SLOT, "2026-03-01T11:30:00.25Z").add(FAULT + "\nCompile with");
        Path file = folder.resolve("devices").resolve("0000-3B-00.0");
        assertEquals(
                Optional.of("cuda:1 has failed 2 times within a day, the last time at 2026-03-01T11:30:00Z (" + FAULT
                        + " Compile with), and is left out: look at nvidia-smi and dmesg, then delete " + file
                        + " and start this worker again"),
                at(SLOT, "2026-03-01T12:00:00Z").objection("cuda:1"));
        assertEquals(
                Optional.empty(), at("0000:3C:00.0", "2026-03-01T12:00:00Z").objection("cuda:0"));
        Files.delete(file);
        assertEquals(Optional.empty(), at(SLOT, "2026-03-01T12:00:00Z").objection("cuda:1"));
    }

    @Test
    void faultsOlderThanADayAndLinesOfOthersDoNotCount() throws IOException {
        at(SLOT, "2026-03-01T10:00:00Z").add(FAULT);
        Path file = folder.resolve("devices").resolve("0000-3B-00.0");
        Files.writeString(file, Files.readString(file) + "looked at it\n");
        at(SLOT, "2026-03-02T10:00:00Z").add(FAULT);
        assertEquals(Optional.empty(), at(SLOT, "2026-03-02T10:00:00Z").objection("cuda:0"));
    }

    @Test
    void aFolderThatCannotBeMadeOnlyMeansThatNothingIsCounted() throws IOException {
        Files.writeString(folder.resolve("devices"), "a file");
        at(SLOT, "2026-03-01T10:00:00Z").add(FAULT);
        assertEquals(Optional.empty(), at(SLOT, "2026-03-01T10:00:00Z").objection("cuda:0"));
    }
}
