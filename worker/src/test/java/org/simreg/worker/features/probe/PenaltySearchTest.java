package org.simreg.worker.features.probe;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.simreg.proto.UserError;
import org.simreg.worker.base.concurrent.ProgressMonitor;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.features.knn.FeatureBank;

/** Tests of logistic regression and of the choice of its penalty, against PyTorch. */
class PenaltySearchTest {
    private static final double[] PENALTIES = {10.0, 0.1, 1e-3};

    private final ProbeFixture fixture = new ProbeFixture();
    private final Torch torch = new Torch("cpu", 1);

    @AfterEach
    void closeTorch() {
        torch.close();
    }

    private LogisticModule rows() {
        RowSelection train = RowSelection.all(fixture.train());
        return LogisticRegression.load(torch, train, RowSelection.Standardization.of(train), ProbeFixture.CLASSES);
    }

    @Test
    void theLeastObjectiveIsPyTorchs() {
        double[] least = fixture.doubles("objectives");
        try (LogisticModule rows = rows()) {
            double[] weights = new double[rows.length()];
            for (int i = 0; i < PENALTIES.length; i++) {
                weights = LogisticRegression.fit(
                        rows, PENALTIES[i], weights, LogisticRegression.Effort.FULL, () -> false);
                double found = rows.objective(weights, PENALTIES[i], new double[rows.length()]);
                assertEquals(least[i], found, 1e-4 * least[i], "penalty " + PENALTIES[i]);
            }
        }
    }

    @Test
    void theGradientIsTheSlopeOfTheObjective() {
        try (LogisticModule rows = rows()) {
            double[] weights = new double[rows.length()];
            Arrays.setAll(weights, i -> Math.sin(i) / 5);
            double[] gradient = new double[rows.length()];
            double[] ignored = new double[rows.length()];
            rows.objective(weights, 0.3, gradient);
            for (int i : new int[] {0, 100, rows.length() - 1}) {
                double[] step = weights.clone();
                step[i] += 1e-5;
                double up = rows.objective(step, 0.3, ignored);
                step[i] -= 2e-5;
                double down = rows.objective(step, 0.3, ignored);
                assertEquals((up - down) / 2e-5, gradient[i], 1e-8);
            }
        }
    }

    @Test
    void thePenaltyThatDoesBestOnTheHeldOutRowsIsFittedToAll() {
        LinearProbe.Data data = LinearProbe.Data.cached(fixture.train(), fixture.val(), ProbeFixture.CLASSES);
        var settings = new PenaltySearch.Settings(6, 1e-4, 1e3, 0.2, 3);
        PenaltySearch.Outcome outcome = PenaltySearch.run(torch, data, settings, ProgressMonitor.SILENT);
        assertEquals(6, outcome.tried().size());
        assertEquals(1e3, outcome.tried().get(0).penalty());
        assertEquals(1e-4, outcome.tried().get(5).penalty(), 1e-10);
        for (PenaltySearch.Score tried : outcome.tried()) {
            assertTrue(tried.top1() <= outcome.chosen().top1());
        }
        assertEquals(outcome.chosen().penalty(), outcome.result().penalty());
        assertTrue(outcome.result().top1() > 0.8, "" + outcome);
        assertTrue(outcome.result().top5() >= outcome.result().top1());
    }

    @Test
    void everyClassGivesItsPartAndKeepsOne() {
        int[] labels = {4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 1, 1, 7};
        FeatureBank bank = new FeatureBank(labels.length, 1);
        bank.add(new float[labels.length], IntStream.range(0, 13).toArray(), labels);
        PenaltySearch.HeldOut parts = PenaltySearch.HeldOut.of(bank, 0.5, 8);
        assertEquals(List.of(5L, 1L, 0L), counts(parts.held()));
        assertEquals(List.of(5L, 1L, 1L), counts(parts.kept()));
        int[] all = IntStream.concat(
                        Arrays.stream(parts.kept().rows()),
                        Arrays.stream(parts.held().rows()))
                .sorted()
                .toArray();
        assertArrayEquals(IntStream.range(0, 13).toArray(), all);
        assertArrayEquals(
                parts.held().rows(),
                PenaltySearch.HeldOut.of(bank, 0.5, 8).held().rows());
    }

    private static List<Long> counts(RowSelection rows) {
        return IntStream.of(4, 1, 7)
                .mapToObj(label -> IntStream.range(0, rows.size())
                        .filter(i -> rows.label(i) == label)
                        .count())
                .toList();
    }

    @Test
    void classesOfOneImageLeaveNothingToChooseOn() {
        FeatureBank bank = new FeatureBank(2, 1);
        bank.add(new float[] {1, -1}, new int[] {0, 1}, new int[] {0, 1});
        LinearProbe.Data data = LinearProbe.Data.cached(bank, bank, 2);
        UserError refused = assertThrows(
                UserError.class,
                () -> PenaltySearch.run(torch, data, PenaltySearch.Settings.published(0), ProgressMonitor.SILENT));
        assertTrue(refused.getMessage().contains("simreg eval linear"), refused.getMessage());
    }
}
