package org.simreg.coordinator.view.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import org.junit.jupiter.api.Test;

class LossCurveTest {
    private final JobStory.LossCurve curve = new JobStory.LossCurve(4);

    private void add(double... values) {
        for (int i = 0; i < values.length; i++) {
            curve.add(i + 1, values[i]);
        }
    }

    @Test
    void aShortCurveIsEveryStep() {
        assertTrue(curve.isEmpty());
        add(3, 2, 1);
        assertEquals("[[1,3.0],[2,2.0],[3,1.0]]", curve.json().toString());
    }

    @Test
    void aLongerOneIsTheMeanOfNeighboursAtTheLastOfThem() {
        add(8, 6, 4, 2, 1, 3, 5);
        assertEquals("[[2,7.0],[4,3.0],[6,2.0],[7,5.0]]", curve.json().toString());
    }

    @Test
    void aMillionStepsTakeNoMoreMemoryAndKeepTheirMean() {
        JobStory.LossCurve loss = new JobStory.LossCurve(600);
        for (int step = 1; step <= 1 << 20; step++) {
            loss.add(step, step);
        }
        JsonArray points = loss.json();
        assertTrue(points.size() > 300 && points.size() <= 600, points.size() + " points");
        assertEquals(
                1 << 20, points.get(points.size() - 1).getAsJsonArray().get(0).getAsLong());
        double mean = points.asList().stream()
                .mapToDouble(point -> point.getAsJsonArray().get(1).getAsDouble())
                .average()
                .orElseThrow();
        assertEquals((1 << 19) + 0.5, mean, 1e-6);
    }

    @Test
    void stepsThatAreDoneAgainTakeTheirPlaces() {
        add(3, 2, 1);
        curve.add(2, 9);
        assertEquals("[[1,3.0],[2,9.0]]", curve.json().toString());
        curve.cut(1);
        assertEquals("[[1,3.0]]", curve.json().toString());
        curve.cut(7);
        assertEquals("[[1,3.0]]", curve.json().toString());
    }

    @Test
    void aLossThatIsNoNumberIsNull() {
        add(1, Double.NaN, 3);
        assertEquals("[[1,1.0],[2,null],[3,3.0]]", curve.json().toString());
    }
}
