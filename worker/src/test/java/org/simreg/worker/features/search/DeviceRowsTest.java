package org.simreg.worker.features.search;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Tests of the sizes that a search takes on a device. */
class DeviceRowsTest {
    private static final long GIB = 1L << 30;
    private static final int IMAGENET = 1_281_167;

    @Test
    void aLargeGpuHoldsAllRowsOfImageNet() {
        DeviceRows.Plan plan = DeviceRows.Plan.of(100 * GIB, IMAGENET, 2048).orElseThrow();
        assertEquals(new DeviceRows.Plan(1 << 17, 1 << 13, 10, 10), plan);
        assertEquals(9 << 17, plan.first(9));
    }

    @Test
    void whatDoesNotFitIsCopiedInEachPass() {
        DeviceRows.Plan plan = DeviceRows.Plan.of(6 * GIB, IMAGENET, 2048).orElseThrow();
        assertTrue(plan.resident() > 0 && plan.resident() < plan.tiles(), plan::toString);
        DeviceRows.Plan small = DeviceRows.Plan.of(GIB / 4, IMAGENET, 2048).orElseThrow();
        assertTrue(small.tile() < plan.tile() && small.block() < plan.block(), small::toString);
    }

    @Test
    void theTilesHoldAllRowsInWholeGroups() {
        for (int rows : new int[] {1, 31, 32, 33, 1023, 70_001, IMAGENET}) {
            for (long memory = 1 << 20; memory < 200 * GIB; memory = memory * 5 / 3) {
                for (int dimension : new int[] {1, 384, 2049}) {
                    Optional<DeviceRows.Plan> fitting = DeviceRows.Plan.of(memory, rows, dimension);
                    fitting.ifPresent(plan -> {
                        assertEquals(0, plan.tile() % ScanCode.DEVICE_GROUP, plan::toString);
                        assertTrue(plan.first(plan.tiles() - 1) < rows, plan::toString);
                        assertTrue((long) plan.tile() * plan.tiles() >= rows, plan::toString);
                        assertTrue(plan.resident() >= 0 && plan.resident() <= plan.tiles(), plan::toString);
                        assertTrue(plan.block() > 0, plan::toString);
                    });
                }
            }
        }
    }

    @Test
    void moreMemoryNeverMakesPiecesSmaller() {
        int rows = 0;
        int scores = 0;
        for (long memory = 1 << 20; memory < 200 * GIB; memory *= 2) {
            Optional<DeviceRows.Plan> plan = DeviceRows.Plan.of(memory, IMAGENET, 512);
            int kept = plan.map(fitting -> fitting.tile() * fitting.resident()).orElse(0);
            int product = plan.map(fitting -> fitting.tile() * fitting.block()).orElse(0);
            assertTrue(product >= scores, plan::toString);
            assertTrue(kept >= rows || product > scores, plan::toString);
            rows = kept;
            scores = product;
        }
        assertTrue(scores > 0);
    }

    @Test
    void tooLittleMemoryHasNoPlan() {
        assertEquals(Optional.empty(), DeviceRows.Plan.of(1 << 16, IMAGENET, 2048));
    }

    @Test
    void moreCandidatesMakeSmallerBlocks() {
        DeviceRows.Plan plan = new DeviceRows.Plan(1 << 17, 1 << 13, 1, 1);
        assertEquals(1 << 13, plan.block(1));
        assertEquals(1 << 13, plan.block(DeviceRows.Plan.PLANNED));
        assertEquals(1 << 11, plan.block(4 * DeviceRows.Plan.PLANNED));
        assertEquals(1, plan.block(Integer.MAX_VALUE));
    }
}
