package org.simreg.coordinator.view.report;

import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.simreg.coordinator.view.console.Numbers;
import org.simreg.coordinator.view.console.StageScores;
import org.simreg.coordinator.view.report.ReportPage.ScoreRow;
import org.simreg.proto.EvalData;
import org.simreg.proto.EvalReport;
import org.simreg.proto.EvalRow;

/** The page {@code report.html} of an evaluation: its table, charts and settings in one file. */
public final class EvalPage {
    /** Name of the file. */
    public static final String NAME = "report.html";

    private static final String RESULT = "result.json";

    private final EvalReport report;
    private final List<EvalRow> rows;
    private final List<JsonObject> cards = new ArrayList<>();

    private EvalPage(EvalReport report) {
        this.report = report;
        rows = report.getRowsList();
    }

    /** The whole page, without outside references. */
    public static String of(EvalReport report) {
        EvalPage page = new EvalPage(report);
        Path file = Path.of(report.getWeights()).getFileName();
        String name = file == null ? report.getWeights() : file.toString();
        String content = page.header(name) + page.sections();
        String title = name + ", " + report.getCommand();
        return page.cards.isEmpty() ? ReportPage.of(title, content) : ReportPage.of(title, content, page.cards);
    }

    private String header(String name) {
        List<String> facts = new ArrayList<>();
        facts.add(ReportPage.fact("Network", report.getNetwork()));
        facts.add(ReportPage.fact("Weights", report.getWeights()));
        for (EvalData data : report.getDataList()) {
            facts.add(ReportPage.fact(
                    "Images",
                    "%s: %s train, %s val, %s classes"
                            .formatted(
                                    data.getPath(),
                                    Numbers.count(data.getTrainImages()),
                                    Numbers.count(data.getValImages()),
                                    Numbers.count(data.getClasses()))));
        }
        String view = "shorter side %d, centre %d px, %s"
                .formatted(report.getResize(), report.getSize(), report.getInterpolation());
        facts.add(ReportPage.fact("View", view));
        facts.add(ReportPage.fact("Precision", report.getPrecision()));
        facts.add(ReportPage.fact("Device", report.getDevice()));
        String state = "simreg eval " + report.getCommand();
        return ReportPage.header(state, name, report.getSettings(), facts);
    }

    private String sections() {
        String figures = switch (report.getCommand()) {
            case "linear" -> linear();
            case "transfer" -> transfer();
            case "stages" -> stages();
            default -> neighbors();
        };
        List<String> files = List.of(
                ReportPage.link(RESULT), ReportPage.digest("SHA-256 of the weights", report.getWeightsSha256()));
        return figures + ReportPage.section("Files", ReportPage.list(files));
    }

    private String neighbors() {
        List<ScoreRow> table = new ArrayList<>();
        for (EvalRow row : rows) {
            String vote =
                    row.hasTemperature() ? "weighted, T " + Numbers.format("%.2g", row.getTemperature()) : "majority";
            table.add(scores(row.getK() + "-NN, " + vote, row.getAccuracy()));
        }
        return ReportPage.section(
                "k-NN accuracy, validation against train images", ReportPage.table(List.of("accuracy"), table));
    }

    private String stages() {
        StageScores scores = StageScores.of(rows);
        List<String> names =
                scores.stages().stream().map(StageScores.Stage::name).toList();
        LineChart chart = chart("Accuracy by place in the network", "place", names);
        List<ScoreRow> table = new ArrayList<>();
        for (StageScores.Stage stage : scores.stages()) {
            List<Double> cells = new ArrayList<>();
            for (String measure : scores.measures()) {
                double accuracy = stage.of(measure).orElse(Double.NaN);
                chart.add(measure, table.size(), accuracy);
                cells.add(accuracy);
            }
            String name = stage.name() + ", " + Numbers.count(stage.features()) + " features";
            table.add(new ScoreRow(name, false, cells, List.of()));
        }
        return ReportPage.section("Accuracy", ReportPage.table(scores.measures(), table))
                + charts("Through the network", chart);
    }

    private String linear() {
        Map<String, List<EvalRow>> rates = by(row -> String.valueOf(row.getLr()));
        List<ScoreRow> table = new ArrayList<>();
        LineChart epochs = chart("Top-1 over epochs", "epoch", List.of());
        LineChart ends = chart("Top-1 over learning rates", "learning rate", List.copyOf(rates.keySet()));
        LineChart losses = new LineChart("Train loss", "epoch", List.of(), "loss", false);
        for (Map.Entry<String, List<EvalRow>> rate : rates.entrySet()) {
            List<EvalRow> epochRows = rate.getValue();
            EvalRow last = epochRows.get(epochRows.size() - 1);
            double best =
                    epochRows.stream().mapToDouble(EvalRow::getAccuracy).max().orElse(0);
            String name = "lr " + rate.getKey();
            ends.add("top-1", table.size(), last.getAccuracy());
            for (EvalRow row : epochRows) {
                epochs.add(name, row.getEpoch(), row.getAccuracy());
                losses.add(name, row.getEpoch(), row.getLoss());
            }
            table.add(scores(name, last.getAccuracy(), last.getTop5(), best));
        }
        List<String> heads = List.of("top-1", "top-5", "best epoch's top-1");
        return ReportPage.section("Linear probe, validation images", ReportPage.table(heads, table))
                + charts("Training the probe", epochs, ends, losses);
    }

    private String transfer() {
        List<ScoreRow> table = new ArrayList<>();
        List<String> penalties = rows.stream()
                .filter(row -> !isResult(row))
                .map(row -> power(row.getPenalty()))
                .distinct()
                .toList();
        LineChart chart = chart("Held-out accuracy over penalties", "penalty", penalties);
        for (EvalRow row : rows) {
            String penalty = power(row.getPenalty());
            if (isResult(row)) {
                String name = row.getData() + ", penalty " + penalty;
                table.add(scores(name, row.getAccuracy(), row.getTop5()));
            } else {
                chart.add(row.getData(), penalties.indexOf(penalty), row.getAccuracy());
            }
        }
        return ReportPage.section("Transfer, logistic regression", ReportPage.table(List.of("top-1", "top-5"), table))
                + charts("Choice of the penalty", chart);
    }

    /** Whether a row is the accuracy with the penalty that was chosen. */
    private static boolean isResult(EvalRow row) {
        return row.getName().equals("transfer");
    }

    private static String power(double value) {
        return Numbers.format("%.1e", value);
    }

    private Map<String, List<EvalRow>> by(Function<EvalRow, String> key) {
        Map<String, List<EvalRow>> groups = new LinkedHashMap<>();
        rows.forEach(row ->
                groups.computeIfAbsent(key.apply(row), k -> new ArrayList<>()).add(row));
        return groups;
    }

    private static ScoreRow scores(String name, Double... values) {
        return new ScoreRow(name, false, List.of(values), List.of());
    }

    private static LineChart chart(String title, String unit, List<String> names) {
        return new LineChart(title, unit, names, "percent", false);
    }

    private String charts(String title, LineChart... charts) {
        for (LineChart chart : charts) {
            cards.add(chart.json());
        }
        return ReportPage.section(title, ReportPage.charts(RESULT));
    }
}
