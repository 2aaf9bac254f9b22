package org.simreg.coordinator.status;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.simreg.proto.EvalReport;
import org.simreg.proto.EvalRow;

class EvalPageTest {
    private static final String ATTACK = "<script>alert('x')</script>";

    @Test
    void stagesAreATableAndACurveThroughTheNetwork() {
        EvalReport.Builder report = report("stages");
        for (String layer : List.of("stem", "layer4", "head.1")) {
            report.addRows(row(layer).setK(1).setVote("majority").setAccuracy(0.25));
            report.addRows(row(layer).setLr(0.1).setEpoch(1).setAccuracy(0.9));
            report.addRows(row(layer).setLr(0.1).setEpoch(2).setAccuracy(0.5));
        }
        String page = EvalPage.of(report.build());
        assertTrue(page.contains("<th>layer4, 512 features</th>"), page);
        assertTrue(page.contains("1-NN: 25.0 % at head.1"), page);
        assertTrue(page.contains("linear: 50.0 % at layer4"), page);
        assertFalse(page.contains("90.0 %"), "an earlier epoch counts");
        String table = EvalText.table(report.build());
        assertTrue(table.contains("25.0 %  50.0 %"), table);
    }

    @Test
    void aProbeIsShownOverEpochsAndOverRates() {
        EvalReport.Builder report = report("linear");
        for (int epoch = 1; epoch <= 2; epoch++) {
            for (double lr : new double[] {0.01, 0.1}) {
                double accuracy = epoch * lr;
                report.addRows(row("feature").setLr(lr).setEpoch(epoch).setAccuracy(accuracy));
            }
        }
        String page = EvalPage.of(report.build());
        assertTrue(page.contains("lr 0.1: 20.0 % at epoch 2"), page);
        assertTrue(page.contains("top-1: 2.0 % at 0.01"), page);
    }

    @Test
    void namesFromOutsideAreTextAndNothingIsFetched() {
        EvalReport.Builder report = report("transfer").setWeights(ATTACK);
        report.addRows(row("feature").setName("transfer").setData(ATTACK).setPenalty(0.1));
        report.addRows(row("feature").setName("penalty").setData(ATTACK).setPenalty(0.1));
        String page = EvalPage.of(report.build());
        assertFalse(page.contains("<script"), page);
        assertFalse(page.matches("(?s).*(src|href)=\"(?!\\./).*"), page);
        assertEquals(page.indexOf("<html"), page.lastIndexOf("<html"));
    }

    private static EvalReport.Builder report(String command) {
        return EvalReport.newBuilder().setCommand(command).setWeights("runs/x.pth").setSize(32);
    }

    private static EvalRow.Builder row(String layer) {
        return EvalRow.newBuilder().setName("knn").setLayer(layer).setFeatures(512);
    }
}
