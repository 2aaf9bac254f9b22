package org.simreg.coordinator.node;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class SteadyClockTest {
    @Test
    void aWallClockThatIsSetHoursAwayMovesNothing() {
        AtomicLong wall = new AtomicLong(1_000);
        AtomicLong nanos = new AtomicLong(-5);
        SteadyClock clock = new SteadyClock(wall::get, nanos::get);
        assertEquals(1_000, clock.getAsLong());
        wall.addAndGet(3_600_000);
        nanos.addAndGet(7_000_000);
        assertEquals(1_007, clock.getAsLong());
        wall.set(0);
        nanos.addAndGet(1_000_000);
        assertEquals(1_008, clock.getAsLong());
    }
}
