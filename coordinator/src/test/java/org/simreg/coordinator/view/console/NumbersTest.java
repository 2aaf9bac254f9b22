package org.simreg.coordinator.view.console;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.simreg.coordinator.run.folder.RunHistory;
import org.simreg.proto.StepDone;

class NumbersTest {
    @Test
    void durationsHaveTheirUsefulDigits() {
        assertEquals("0.2 s", Numbers.seconds(0.21));
        assertEquals("9.9 s", Numbers.seconds(9.94));
        assertEquals("10 s", Numbers.seconds(9.96));
        assertEquals("99 s", Numbers.seconds(99));
        assertEquals("2 min", Numbers.seconds(100));
        assertEquals("1 h 40 min", Numbers.seconds(6000));
        assertEquals("3 h 00 min", Numbers.seconds(3 * 3600 - 1));
        assertEquals("2 d 07 h", Numbers.seconds(55 * 3600));
    }

    @Test
    void smallRatesAndSpeedsStayReadable() {
        assertEquals("0.0500", Numbers.rate(0.05));
        assertEquals("3.2e-05", Numbers.rate(0.000032));
        assertEquals("0.0000", Numbers.rate(0));
        assertEquals("0.4", Numbers.speed(0.42));
        assertEquals("12,345", Numbers.speed(12345));
    }

    @Test
    void aLossOfAnyScaleHasFourDigitsAtLeast() {
        assertEquals("0.1213", Numbers.loss(0.12134));
        assertEquals("0.0000", Numbers.loss(0));
        assertEquals("3.20e-05", Numbers.loss(0.000032));
        assertEquals("187.25", Numbers.loss(187.249));
        assertEquals("2134.1", Numbers.loss(2134.12));
        assertEquals("1.250e+08", Numbers.loss(1.25e8));
        assertEquals("NaN", Numbers.loss(Double.NaN));
    }

    @Test
    void severalTeachersAreTimedByTheirNumbers() {
        RecentSteps pace = new RecentSteps();
        StepDone.Builder step = StepDone.newBuilder().setSeconds(1).setTeacherSeconds(0.75);
        pace.add(step.addEachTeacherSeconds(0.5).addEachTeacherSeconds(0.25).build());
        assertEquals(
                "data 0%  teacher 1 50%  teacher 2 25%  student 0%  reduce 0%  update 0%",
                EventSentences.shares(pace.shares()));
    }

    @Test
    void averagesForgetTheSlowBeginning() {
        RecentSteps pace = new RecentSteps();
        for (int i = 0; i < 200; i++) {
            double seconds = i < 5 ? 30 : 0.5;
            pace.add(StepDone.newBuilder()
                    .setSeconds(seconds)
                    .setImages(64)
                    .setLoss(2)
                    .setTeacherSeconds(seconds / 4)
                    .build());
        }
        assertEquals(128, pace.imagesPerSecond(), 1e-9);
        assertEquals(2, pace.loss(), 1e-9);
        assertEquals(0.25, pace.shares().get("teacher"), 1e-9);
        assertEquals(50_000, pace.time(100).toMillis());
    }

    @Test
    void aThinnedCurveKeepsItsMeanAndItsEnd() {
        RunHistory.Series series = new RunHistory.Series();
        for (int i = 1; i <= 5000; i++) {
            series.add(i, i);
        }
        RunHistory.Series thin = series.thinned(250);
        assertEquals(250, thin.size());
        assertEquals(5000, thin.end());
        double[] values = new double[250];
        Arrays.setAll(values, thin::y);
        assertEquals(2500.5, Arrays.stream(values).average().orElseThrow(), 1e-9);
    }
}
