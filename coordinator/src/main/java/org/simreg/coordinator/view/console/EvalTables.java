package org.simreg.coordinator.view.console;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonParser;
import java.util.List;
import org.simreg.coordinator.run.log.EventJson;
import org.simreg.proto.EvalData;
import org.simreg.proto.EvalReport;
import org.simreg.proto.EvalRow;

/** Tables of an evaluation's figures for people, and its report as JSON. */
public final class EvalTables {
    private static final Gson PRETTY =
            new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create();

    private EvalTables() {}

    /**
     * The report as JSON, fields by their names in the proto file, with a line break at the end.
     */
    public static String json(EvalReport report) {
        return PRETTY.toJson(JsonParser.parseString(EventJson.line(report))) + "\n";
    }

    /** The report for people: what was measured, then a table of the figures. */
    public static String table(EvalReport report) {
        StringBuilder text = new StringBuilder();
        text.append("%s: %s, %s, %s view of %d in %d px\n"
                .formatted(
                        report.getWeights(),
                        report.getNetwork(),
                        report.getPrecision(),
                        report.getInterpolation(),
                        report.getSize(),
                        report.getResize()));
        for (EvalData data : report.getDataList()) {
            text.append("%s: %s train images, %s val images, %s classes\n"
                    .formatted(
                            data.getPath(),
                            Numbers.count(data.getTrainImages()),
                            Numbers.count(data.getValImages()),
                            Numbers.count(data.getClasses())));
        }
        return text.append('\n').append(rows(report)).toString();
    }

    private static String rows(EvalReport report) {
        return switch (report.getCommand()) {
            case "linear" -> linear(report.getRowsList());
            case "transfer" -> transfer(report.getRowsList());
            case "stages" -> StageScores.of(report.getRowsList()).table();
            default -> neighbors(report.getRowsList());
        };
    }

    private static String neighbors(List<EvalRow> rows) {
        Table table = new Table("layer", "vote", "k", "T", "accuracy");
        for (EvalRow row : rows) {
            table.row(
                    row.getLayer(),
                    row.getVote(),
                    String.valueOf(row.getK()),
                    row.hasTemperature() ? String.valueOf(row.getTemperature()) : "-",
                    Numbers.percent(row.getAccuracy()));
        }
        return table.text();
    }

    /** Of a probe the last epoch counts; the best one is shown beside it. */
    private static String linear(List<EvalRow> rows) {
        Table table = new Table("layer", "lr", "epochs", "loss", "top-1", "top-5", "best top-1", "at epoch");
        int last = rows.stream().mapToInt(EvalRow::getEpoch).max().orElse(0);
        for (EvalRow row : rows) {
            if (row.getEpoch() == last) {
                EvalRow best = rows.stream()
                        .filter(other -> other.getLr() == row.getLr())
                        .filter(other -> other.getLayer().equals(row.getLayer()))
                        .reduce((a, b) -> b.getAccuracy() > a.getAccuracy() ? b : a)
                        .orElse(row);
                table.row(
                        row.getLayer(),
                        String.valueOf(row.getLr()),
                        String.valueOf(last),
                        Numbers.loss(row.getLoss()),
                        Numbers.percent(row.getAccuracy()),
                        Numbers.percent(row.getTop5()),
                        Numbers.percent(best.getAccuracy()),
                        String.valueOf(best.getEpoch()));
            }
        }
        return table.text();
    }

    private static String transfer(List<EvalRow> rows) {
        Table table = new Table("data", "penalty", "top-1", "top-5");
        for (EvalRow row : rows) {
            if (row.getName().equals("transfer")) {
                table.row(
                        row.getData(),
                        Numbers.format("%.2g", row.getPenalty()),
                        Numbers.percent(row.getAccuracy()),
                        Numbers.percent(row.getTop5()));
            }
        }
        return table.text();
    }
}
