package org.simreg.coordinator.node;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.proto.JobState;

class RehearsalTest {
    @TempDir Path stage;

    @Test
    void aJobIsQueuedAndCancelledAndNothingIsLeft() throws Exception {
        assertEquals(JobState.CANCELLED, new Rehearsal("test", stage).play());
        assertArrayEquals(new String[0], stage.toFile().list());
    }
}
