package org.simreg.coordinator.control;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ChaosTest {
    private static final int SEEDS = 60;

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4})
    void whateverHappensEveryJobComesThroughOnOneLine(int part) {
        for (int seed = part * SEEDS; seed < (part + 1) * SEEDS; seed++) {
            Chaos chaos = new Chaos(seed);
            try {
                chaos.play();
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError("seed " + seed + "\n" + String.join("\n", chaos.world.trace), e);
            }
        }
    }
}
