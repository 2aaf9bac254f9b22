package org.simreg.coordinator.status;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import org.simreg.proto.EvalData;
import org.simreg.proto.EvalReport;
import org.simreg.proto.EvalRow;

/** What an evaluation found out as {@code report.html}: table, plots, settings. */
public final class EvalPage {
    /** Name of the file. */
    public static final String NAME = "report.html";

    private static final int COLOURS = 4;

    private final EvalReport report;
    private final List<EvalRow> rows;

    private EvalPage(EvalReport report) {
        this.report = report;
        rows = report.getRowsList();
    }

    /** The whole page, without outside references. */
    public static String of(EvalReport report) {
        EvalPage page = new EvalPage(report);
        Path file = Path.of(report.getWeights()).getFileName();
        String name = file == null ? report.getWeights() : file.toString();
        return Page.of(name + ", " + report.getCommand(), page.header(name) + page.sections());
    }

    private String header(String name) {
        StringBuilder facts = new StringBuilder();
        facts.append(fact("Network", report.getNetwork()));
        facts.append(fact("Weights", report.getWeights()));
        for (EvalData data : report.getDataList()) {
            facts.append(
                    fact(
                            "Images",
                            "%s: %s train, %s val, %s classes"
                                    .formatted(
                                            data.getPath(),
                                            Numbers.count(data.getTrainImages()),
                                            Numbers.count(data.getValImages()),
                                            Numbers.count(data.getClasses()))));
        }
        String view =
                "shorter side %d, centre %d px".formatted(report.getResize(), report.getSize());
        facts.append(fact("View", view));
        facts.append(fact("Precision", report.getPrecision()));
        facts.append(fact("Device", report.getDevice()));
        return """
                <header>
                <p class="state">%s</p>
                <h1>%s</h1>
                <p class="what">%s</p>
                <dl>%s</dl>
                </header>
                """
                .formatted(
                        Html.escape("simreg eval " + report.getCommand()),
                        Html.escape(name),
                        Html.escape(report.getSettings()),
                        facts);
    }

    private static String fact(String name, String value) {
        return "<div>" + Html.element("dt", name) + Html.element("dd", value) + "</div>\n";
    }

    private String sections() {
        String figures =
                switch (report.getCommand()) {
                    case "linear" -> linear();
                    case "transfer" -> transfer();
                    case "stages" -> stages();
                    default -> neighbors();
                };
        String files =
                "<ul>\n<li>%s</li>\n<li>SHA-256 of the weights<br><code>%s</code></li>\n</ul>\n";
        return figures
                + Html.section(
                        "Files",
                        files.formatted(
                                Html.link("result.json"), Html.escape(report.getWeightsSha256())));
    }

    private String neighbors() {
        BarTable table = new BarTable(List.of("accuracy"));
        for (EvalRow row : rows) {
            String vote =
                    row.hasTemperature()
                            ? "weighted, T " + Numbers.format("%.2g", row.getTemperature())
                            : "majority";
            table.row(row.getK() + "-NN, " + vote, List.of(row.getAccuracy()));
        }
        return Html.section("k-NN accuracy, validation against train images", table.html());
    }

    private String stages() {
        StageScores scores = StageScores.of(rows);
        BarTable table = new BarTable(scores.measures());
        List<String> places = new ArrayList<>();
        for (StageScores.Place place : scores.places()) {
            places.add(place.name());
            List<Double> cells =
                    scores.measures().stream().map(m -> place.of(m).orElse(Double.NaN)).toList();
            table.row(place.name() + ", " + Numbers.count(place.features()) + " features", cells);
        }
        Map<String, Series> lines = new LinkedHashMap<>();
        for (String measure : scores.measures()) {
            Series points = new Series();
            for (int i = 0; i < places.size(); i++) {
                points.add(i, 100 * scores.places().get(i).of(measure).orElse(Double.NaN));
            }
            lines.put(measure, points);
        }
        String chart =
                chart("Accuracy (%) by place in the network", lines, new Axis("place", places));
        return Html.section("Accuracy", table.html())
                + Html.section("Through the network", cards(chart));
    }

    private String linear() {
        Map<String, List<EvalRow>> rates = by(row -> String.valueOf(row.getLr()));
        BarTable table = new BarTable(List.of("top-1", "top-5", "best epoch's top-1"));
        Map<String, Series> epochs = new LinkedHashMap<>();
        Map<String, Series> losses = new LinkedHashMap<>();
        Series ends = new Series();
        for (Map.Entry<String, List<EvalRow>> rate : rates.entrySet()) {
            List<EvalRow> course = rate.getValue();
            EvalRow last = course.get(course.size() - 1);
            double best = course.stream().mapToDouble(EvalRow::getAccuracy).max().orElse(0);
            String name = "lr " + rate.getKey();
            table.row(name, List.of(last.getAccuracy(), last.getTop5(), best));
            ends.add(ends.size(), 100 * last.getAccuracy());
            epochs.put(name, course(course, row -> 100 * row.getAccuracy()));
            losses.put(name, course(course, EvalRow::getLoss));
        }
        Axis axis = new Axis("learning rate", List.copyOf(rates.keySet()));
        String charts =
                chart("Top-1 (%) over epochs", epochs, Axis.EPOCHS)
                        + chart("Top-1 (%) over learning rates", Map.of("top-1", ends), axis)
                        + new Chart("Train loss", lines(losses, ""), false, Numbers::loss).html();
        return Html.section("Linear probe, validation images", table.html())
                + Html.section("Training the probe", cards(charts));
    }

    private String transfer() {
        BarTable table = new BarTable(List.of("top-1", "top-5"));
        Map<String, Series> lines = new LinkedHashMap<>();
        List<String> penalties = new ArrayList<>();
        for (EvalRow row : rows) {
            if (row.getName().equals("transfer")) {
                String name = row.getData() + ", penalty " + power(row.getPenalty());
                table.row(name, List.of(row.getAccuracy(), row.getTop5()));
                continue;
            }
            String penalty = power(row.getPenalty());
            if (!penalties.contains(penalty)) {
                penalties.add(penalty);
            }
            lines.computeIfAbsent(row.getData(), data -> new Series())
                    .add(penalties.indexOf(penalty), 100 * row.getAccuracy());
        }
        String title = "Held-out accuracy (%) over penalties";
        return Html.section("Transfer, logistic regression", table.html())
                + Html.section(
                        "Choice of the penalty",
                        cards(chart(title, lines, new Axis("penalty", penalties))));
    }

    private static String power(double value) {
        return Numbers.format("%.1e", value);
    }

    private Map<String, List<EvalRow>> by(Function<EvalRow, String> key) {
        Map<String, List<EvalRow>> groups = new LinkedHashMap<>();
        rows.forEach(
                row -> groups.computeIfAbsent(key.apply(row), k -> new ArrayList<>()).add(row));
        return groups;
    }

    private static Series course(List<EvalRow> epochs, ToDoubleFunction<EvalRow> value) {
        Series points = new Series();
        epochs.forEach(row -> points.add(row.getEpoch(), value.applyAsDouble(row)));
        return points;
    }

    private static String chart(String title, Map<String, Series> lines, Axis axis) {
        List<Chart.Line> drawn = lines(lines, axis.places().isEmpty() ? "" : " dots");
        return new Chart(title, drawn, false, v -> Numbers.percent(v / 100), axis).html();
    }

    private static List<Chart.Line> lines(Map<String, Series> lines, String style) {
        List<Chart.Line> drawn = new ArrayList<>();
        for (Map.Entry<String, Series> line : lines.entrySet()) {
            String colour = "c" + (drawn.size() % COLOURS + 1);
            String dash = drawn.size() / COLOURS % 2 == 1 ? " dash" : "";
            drawn.add(new Chart.Line(line.getKey(), colour + dash + style, line.getValue()));
        }
        return drawn;
    }

    private static String cards(String charts) {
        return "<div class=\"cards\">\n" + charts + "</div>\n";
    }
}
