package org.simreg.coordinator.job.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class LineageTest {
    private static final Lineage EMPTY = new Lineage(List.of());

    @Test
    void aStateOfTheLastGenerationCountsFromItsStartOn() {
        Lineage lineage = EMPTY.begun(1, 0).begun(2, 10);
        assertTrue(lineage.holds(2, 10));
        assertTrue(lineage.holds(2, 17));
        assertFalse(lineage.holds(2, 9), "it was not given the state yet");
    }

    @Test
    void aStepThatALaterGenerationMadeAnewDoesNotCount() {
        Lineage lineage = EMPTY.begun(1, 0).begun(2, 10);
        assertTrue(lineage.holds(1, 10));
        assertTrue(lineage.holds(1, 7));
        assertFalse(lineage.holds(1, 11));
    }

    @Test
    void aStateCountsThroughGenerationsThatNobodyEverBegan() {
        Lineage lineage = EMPTY.begun(1, 0).begun(2, 10).begun(3, 10).begun(4, 10);
        assertTrue(lineage.holds(1, 10));
        assertFalse(lineage.holds(1, 11));
    }

    @Test
    void aGenerationThatBeganAboveARewindMadeNothingThatCounts() {
        Lineage lineage = EMPTY.begun(1, 0).begun(2, 10).begun(3, 5);
        assertFalse(lineage.holds(2, 10));
        assertFalse(lineage.holds(2, 12));
        assertTrue(lineage.holds(1, 5));
        assertFalse(lineage.holds(1, 6));
    }

    @Test
    void whoHoldsNothingHoldsNoState() {
        assertFalse(EMPTY.begun(1, 0).holds(1, 0));
        assertFalse(EMPTY.holds(0, 0));
    }

    @Test
    void onlyTheLastGenerationsAreRemembered() {
        Lineage lineage = EMPTY;
        for (int i = 1; i <= 1000; i++) {
            lineage = lineage.begun(i, i);
        }
        assertEquals(64, lineage.starts().size());
        assertTrue(lineage.holds(1000, 1000));
        assertFalse(lineage.holds(1, 1));
    }
}
