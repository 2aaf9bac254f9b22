package org.simreg.coordinator.job.scale;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.coordinator.job.scale.ScaleService.Bounds;
import org.simreg.coordinator.job.schedule.Demand;
import org.simreg.proto.Refused;
import org.simreg.proto.ScaleStatus;
import org.simreg.proto.SetScaleRequest;
import org.simreg.proto.UserError;

class ScalingTest {
    private static final ScaleSettings MINUTE = new ScaleSettings(new Bounds(0, 8), Duration.ofMinutes(1));

    @TempDir
    Path home;

    private final List<Demand> demands = new ArrayList<>();
    private long now = 5_000;

    private Scaling scaling() {
        Scaling.State state = new Scaling.State(() -> List.copyOf(demands), () -> 2);
        ScaleSettings.BoundsFile file = new ScaleSettings.BoundsFile(home.resolve(ScaleSettings.BoundsFile.NAME));
        return new Scaling(MINUTE, Optional.of(file), state, () -> now);
    }

    private static SetScaleRequest bounds(int min, int max) {
        return SetScaleRequest.newBuilder().setMin(min).setMax(max).build();
    }

    @Test
    void theNumberRisesAtOnceAndFallsOnceItWasLowerForAMinute() {
        Scaling scaling = scaling();
        demands.add(WorkersWantedTest.demand("a", 1, 5));
        scaling.refresh();
        assertEquals(5, scaling.wanted());
        demands.set(0, WorkersWantedTest.demand("b", 1, 2));
        now += 59_000;
        scaling.refresh();
        assertEquals(5, scaling.wanted());
        String reason = "1 job can use 2 workers; 5 workers stay for 60 s after they were last wanted";
        assertEquals(reason, scaling.status().getReason());
        now += 1_000;
        scaling.refresh();
        assertEquals(2, scaling.wanted());
        demands.clear();
        now += 60_000;
        scaling.refresh();
        assertEquals(0, scaling.wanted());
    }

    @Test
    void jobsThatComeAndGoDoNotMoveIt() {
        Scaling scaling = scaling();
        for (int i = 0; i < 50; i++) {
            demands.add(WorkersWantedTest.demand("short", 1, 3));
            scaling.refresh();
            demands.clear();
            now += 30_000;
            scaling.refresh();
            assertEquals(3, scaling.wanted());
        }
    }

    @Test
    void boundsHoldAtOnceInBothDirectionsAndOverARestart() {
        demands.add(WorkersWantedTest.demand("a", 1, 6));
        Scaling before = scaling();
        assertEquals(6, before.status().getWanted());
        assertEquals(3, before.set(bounds(1, 3)).getWanted(), "without waiting a minute");
        demands.clear();
        now += 60_000;
        ScaleStatus after = scaling().status();
        assertEquals(1, after.getWanted());
        assertEquals(3, after.getMax());
        assertTrue(after.getSet());
        Scaling last = scaling();
        last.set(SetScaleRequest.newBuilder().setMin(0).build());
        assertEquals(0, last.status().getWanted(), "a minimum is no past");
        assertEquals(3, scaling().status().getMax());
        ScaleStatus reset = last.set(SetScaleRequest.newBuilder().setReset(true).build());
        assertEquals(8, reset.getMax());
        assertFalse(scaling().status().getSet());
    }

    @Test
    void boundsThatExcludeEachOtherAreRefusedAndChangeNothing() {
        Scaling scaling = scaling();
        String message = "At least 4 and at most 2 workers can't be: choose 0 <= minimum";
        Refused refused = assertThrows(Refused.class, () -> scaling.set(bounds(4, 2)));
        assertTrue(refused.getMessage().startsWith(message), refused.getMessage());
        assertThrows(Refused.class, () -> scaling.set(bounds(0, 5000)));
        assertThrows(Refused.class, () -> scaling.set(bounds(0, -1)));
        SetScaleRequest both =
                SetScaleRequest.newBuilder().setReset(true).setMin(1).build();
        assertThrows(Refused.class, () -> scaling.set(both));
        assertEquals(8, scaling.status().getMax());
        assertFalse(Files.exists(home.resolve(ScaleSettings.BoundsFile.NAME)));
    }

    @Test
    void aDamagedFileIsNamed() throws IOException {
        Path file = Files.writeString(home.resolve(ScaleSettings.BoundsFile.NAME), "{\"min\": 3, \"max\": 1}");
        UserError error = assertThrows(UserError.class, this::scaling);
        assertTrue(error.getMessage().startsWith(file + " holds no bounds"), error.getMessage());
        Files.writeString(file, "{\"min\":");
        assertThrows(UserError.class, this::scaling);
    }

    @Test
    void whoeverAsksWithOtherBoundsHasANumberOfHisOwn() {
        Scaling scaling = scaling();
        demands.add(WorkersWantedTest.demand("a", 1, 20));
        assertEquals(4, scaling.wanted(new Bounds(0, 4)));
        assertEquals(8, scaling.wanted(new Bounds(0, 30)), "the coordinator's hold besides");
        demands.clear();
        now += 60_000;
        assertEquals(2, scaling.wanted(new Bounds(2, 4)));
        for (int i = 0; i < 1_000; i++) {
            scaling.wanted(new Bounds(0, i));
        }
        scaling.refresh();
        assertEquals(0, scaling.wanted());
    }

    @Test
    void oneWhoCanNotBeToldDoesNotHoldTheOthers() throws Exception {
        Scaling scaling = scaling();
        List<Integer> told = new ArrayList<>();
        scaling.follow(Bounds.ANY, number -> {
            if (number > 0) {
                throw new IllegalStateException("deaf");
            }
        });
        AutoCloseable following = scaling.follow(Bounds.ANY, told::add);
        demands.add(WorkersWantedTest.demand("a", 1, 2));
        scaling.refresh();
        scaling.refresh();
        assertEquals(List.of(0, 2), told);
        following.close();
        demands.add(WorkersWantedTest.demand("b", 1, 2));
        scaling.refresh();
        assertEquals(List.of(0, 2), told);
    }
}
