package org.simreg.coordinator.view.observe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.simreg.coordinator.view.observe.Health.Component;

class HealthTest {
    private Optional<String> trouble = Optional.empty();
    private final Health health = new Health()
            .ready("journal", () -> trouble)
            .ready("jobs", Optional::empty)
            .live("thread", () -> trouble);

    @Test
    void aProcessHasStartedOnceItSaysSo() {
        assertFalse(Health.up(health.start()));
        assertEquals("still starting", health.start().get(0).reason());
        health.started();
        assertTrue(Health.up(health.start()));
    }

    @Test
    void oneComponentThatFailsIsEnoughAndItIsNamed() {
        assertTrue(Health.up(health.readiness()));
        trouble = Optional.of("the disk is full");
        assertEquals(
                List.of(new Component("journal", false, "the disk is full"), new Component("jobs", true, "")),
                health.readiness());
        assertFalse(Health.up(health.readiness()));
        trouble = Optional.empty();
        assertTrue(Health.up(health.readiness()));
    }

    @Test
    void onlyWhatANewStartEndsIsAskedForLife() {
        assertEquals(List.of(new Component("thread", true, "")), health.alive());
        trouble = Optional.of("it has not answered for 70 s");
        assertEquals(List.of(new Component("thread", false, "it has not answered for 70 s")), health.alive());
    }
}
