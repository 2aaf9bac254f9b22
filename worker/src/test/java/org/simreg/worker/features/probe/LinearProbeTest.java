package org.simreg.worker.features.probe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.simreg.worker.base.concurrent.Abandoned;
import org.simreg.worker.base.concurrent.ProgressMonitor;
import org.simreg.worker.engine.torch.Torch;

/** Tests of the linear probe against PyTorch's: same features, initial weights and order. */
class LinearProbeTest {
    private static final List<Double> RATES = List.of(0.01, 0.1, 1.0);
    private static final int EPOCHS = 12;

    private final ProbeFixture fixture = new ProbeFixture();
    private final Torch torch = new Torch("cpu", 1);

    @AfterEach
    void closeTorch() {
        torch.close();
    }

    private static LinearProbe.Settings settings(List<Double> rates, int epochs) {
        return new LinearProbe.Settings(rates, epochs, 64, List.of(5, 9), ProbeFixture.SEED);
    }

    private LinearProbe.Data data() {
        return LinearProbe.Data.cached(fixture.train(), fixture.val(), ProbeFixture.CLASSES);
    }

    private List<LinearProbe.Score> run(List<Double> rates, int epochs) {
        return LinearProbe.run(torch, data(), settings(rates, epochs), ProgressMonitor.SILENT, scores -> {});
    }

    @Test
    void everyEpochOfEveryRateScoresAsPyTorchs() {
        double[] expected = fixture.doubles("scores");
        List<LinearProbe.Score> scores = run(RATES, EPOCHS);
        assertEquals(RATES.size() * EPOCHS, scores.size());
        for (int i = 0; i < scores.size(); i++) {
            LinearProbe.Score score = scores.get(i);
            int rate = i % RATES.size();
            assertEquals(RATES.get(rate), score.rate());
            assertEquals(i / RATES.size() + 1, score.epoch());
            int at = 3 * (rate * EPOCHS + score.epoch() - 1);
            // The highest rate is near chaos, where roundings grow.
            double slack = score.rate() < 1 ? 1e-4 : 1e-2;
            assertEquals(expected[at], score.loss(), slack, "" + score);
            assertEquals(expected[at + 1], score.top1(), score.rate() < 1 ? 0.002 : 0.02, "" + score);
            assertEquals(expected[at + 2], score.top5(), score.rate() < 1 ? 0.002 : 0.02, "" + score);
        }
    }

    @Test
    void aSweepIsWhatTheRatesAreAlone() {
        List<LinearProbe.Score> together = run(RATES, 2);
        for (int rate = 0; rate < 2; rate++) {
            List<LinearProbe.Score> alone = run(List.of(RATES.get(rate)), 2);
            assertEquals(alone.get(1).loss(), together.get(RATES.size() + rate).loss(), 1e-5);
            assertEquals(alone.get(1).top1(), together.get(RATES.size() + rate).top1());
        }
    }

    @Test
    void theSameSettingsGiveTheSameBits() {
        assertEquals(run(RATES, 3), run(RATES, 3));
    }

    @Test
    void aProbeThatDivergesFindsNothing() {
        LinearProbe.Score lost = run(List.of(1e30), 2).get(1);
        assertTrue(Double.isNaN(lost.loss()), "" + lost);
        assertEquals(0, lost.top1());
        assertEquals(0, lost.top5());
    }

    @Test
    void aStopBetweenEpochsIsHeard() {
        List<LinearProbe.Score> seen = new ArrayList<>();
        ProgressMonitor stopping = ProgressMonitor.until(() -> seen.size() == 2);
        LinearProbe.Settings settings = settings(List.of(0.1), 40);
        assertThrows(Abandoned.class, () -> LinearProbe.run(torch, data(), settings, stopping, seen::addAll));
        assertEquals(2, seen.size());
    }
}
