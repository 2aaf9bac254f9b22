package org.simreg.coordinator.node;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.proto.JobState;

class RehearsalTest {
    @TempDir
    Path folder;

    @Test
    void aJobIsQueuedAndCancelledAndNothingIsLeft() throws Exception {
        assertEquals(JobState.CANCELLED, new Rehearsal("test", folder).submitAndCancel());
        assertArrayEquals(new String[0], folder.toFile().list());
    }
}
