package org.simreg.coordinator.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.simreg.proto.JobState;

class KeeperTest {
    private final World world = new World(1);

    @Test
    void oneWorkerTrainsAJobToItsEnd() {
        world.worker("a");
        world.submit(World.job("one"));
        world.until("one", JobState.SUCCEEDED, 60_000);
        assertEquals(30, world.desk().get("one").getStep());
        assertEquals("student", world.desk().get("one").getSha256());
        assertEquals(30, world.files("one").commits().size());
    }
}
