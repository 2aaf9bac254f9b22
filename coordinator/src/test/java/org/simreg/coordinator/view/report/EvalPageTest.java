package org.simreg.coordinator.view.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.simreg.coordinator.view.console.EvalTables;
import org.simreg.proto.EvalReport;
import org.simreg.proto.EvalRow;

class EvalPageTest {
    private static final String ATTACK = "</script><!--<script><img src=x onerror=alert('x')>";

    @Test
    void stagesAreATableAndACurveThroughTheNetwork() throws Exception {
        EvalReport.Builder report = report("stages");
        for (String layer : List.of("stem", "layer4", "head.1")) {
            report.addRows(row(layer).setK(1).setVote("majority").setAccuracy(0.25));
            report.addRows(row(layer).setLr(0.1).setEpoch(1).setAccuracy(0.9));
            report.addRows(row(layer).setLr(0.1).setEpoch(2).setAccuracy(0.5));
        }
        PageParts page = new PageParts(EvalPage.of(report.build()));
        page.assertSelfContained();
        assertTrue(page.page().contains("<th>layer4, 512 features</th><td>25.0 %"), page.page());
        assertFalse(page.page().contains("90.0 %"), "an earlier epoch counts");
        assertEquals(1, page.cards().size());
        JsonObject chart = page.cards().get(0);
        assertEquals("[\"stem\",\"layer4\",\"head.1\"]", chart.get("names").toString());
        String title = "Accuracy by place in the network";
        assertEquals("[[0,0.25],[1,0.25],[2,0.25]]", page.points(title, "1-NN").toString());
        assertEquals("[[0,0.5],[1,0.5],[2,0.5]]", page.points(title, "linear").toString());
        String table = EvalTables.table(report.build());
        assertTrue(table.contains("25.0 %  50.0 %"), table);
    }

    @Test
    void aPlaceWithoutAMeasureLeavesAGap() {
        EvalReport.Builder report = report("stages");
        report.addRows(row("stem").setK(1).setAccuracy(0.25));
        report.addRows(row("layer4").setK(20).setAccuracy(0.5));
        PageParts page = new PageParts(EvalPage.of(report.build()));
        assertEquals(
                "[[0,0.25],[1,null]]",
                page.points("Accuracy by place in the network", "1-NN").toString());
        assertTrue(page.page().contains("512 features</th><td>-</td><td>50.0 %"), page.page());
    }

    @Test
    void aProbeIsShownOverEpochsAndOverRates() throws Exception {
        EvalReport.Builder report = report("linear");
        for (int epoch = 1; epoch <= 2; epoch++) {
            for (double lr : new double[] {0.01, 0.1}) {
                double accuracy = epoch * lr;
                report.addRows(row("feature")
                        .setLr(lr)
                        .setEpoch(epoch)
                        .setAccuracy(accuracy)
                        .setLoss(3.0 / epoch));
            }
        }
        PageParts page = new PageParts(EvalPage.of(report.build()));
        page.assertSelfContained();
        assertEquals(
                "[[1,0.1],[2,0.2]]", page.points("Top-1 over epochs", "lr 0.1").toString());
        assertEquals(
                "[[0,0.02],[1,0.2]]",
                page.points("Top-1 over learning rates", "top-1").toString());
        assertEquals("[[1,3.0],[2,1.5]]", page.points("Train loss", "lr 0.01").toString());
        assertEquals("[\"0.01\",\"0.1\"]", page.cards().get(1).get("names").toString());
        assertTrue(page.page().contains("<th>lr 0.1</th><td>20.0 %"), page.page());
    }

    @Test
    void theChoiceOfAPenaltyIsShownForEveryDataSet() {
        EvalReport.Builder report = report("transfer");
        for (String data : List.of("birds", "cars")) {
            for (double penalty : new double[] {1, 0.1}) {
                report.addRows(row("feature")
                        .setName("penalty")
                        .setData(data)
                        .setPenalty(penalty)
                        .setAccuracy(penalty / 2));
            }
            report.addRows(row("feature")
                    .setName("transfer")
                    .setData(data)
                    .setPenalty(0.1)
                    .setAccuracy(0.75)
                    .setTop5(0.875));
        }
        PageParts page = new PageParts(EvalPage.of(report.build()));
        assertTrue(page.page().contains("<th>cars, penalty 1.0e-01</th><td>75.0 %"), page.page());
        assertEquals(
                "[\"1.0e+00\",\"1.0e-01\"]", page.cards().get(0).get("names").toString());
        assertEquals(
                "[[0,0.5],[1,0.05]]",
                page.points("Held-out accuracy over penalties", "birds").toString());
    }

    @Test
    void namesFromOutsideAreTextAndNothingIsFetched() throws Exception {
        EvalReport.Builder report = report("transfer").setWeights(ATTACK).setSettings(ATTACK);
        report.addRows(row("feature").setName("transfer").setData(ATTACK).setPenalty(0.1));
        report.addRows(row("feature").setName("penalty").setData(ATTACK).setPenalty(0.1));
        PageParts page = new PageParts(EvalPage.of(report.build()));
        page.assertSelfContained();
        assertEquals(1, page.points("Held-out accuracy over penalties", ATTACK).size());
        assertEquals(0, page.count("<img"));
        assertEquals(0, page.count("<!--"));
        assertEquals(1, page.count("<html"));
    }

    @Test
    void whatHasNoChartHasNoScript() {
        EvalReport.Builder report = report("knn").setNetwork(ATTACK);
        report.addRows(row("feature").setK(20).setVote("weighted").setTemperature(0.07));
        PageParts page = new PageParts(EvalPage.of(report.build()));
        assertTrue(page.page().contains("<th>20-NN, weighted, T 0.070</th>"), page.page());
        assertTrue(page.page().contains("script-src 'none'"), page.page());
        assertEquals(0, page.count("<script"));
        page.assertNothingFetched();
    }

    private static EvalReport.Builder report(String command) {
        return EvalReport.newBuilder()
                .setCommand(command)
                .setWeights("runs/x.pth")
                .setSize(32);
    }

    private static EvalRow.Builder row(String layer) {
        return EvalRow.newBuilder().setName("knn").setLayer(layer).setFeatures(512);
    }
}
