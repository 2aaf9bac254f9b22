package org.simreg.coordinator.view.console;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonParser;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.simreg.coordinator.run.log.EventJson;
import org.simreg.proto.EvalData;
import org.simreg.proto.EvalReport;
import org.simreg.proto.EvalRow;

/** The figures of an evaluation, as a table for people and as JSON. */
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

    /** What was measured, then a table of the figures. */
    public static String table(EvalReport report) {
        StringBuilder text = new StringBuilder();
        text.append(
                "%s: %s, %s, view %d of %d px\n"
                        .formatted(
                                report.getWeights(),
                                report.getNetwork(),
                                report.getPrecision(),
                                report.getSize(),
                                report.getResize()));
        for (EvalData data : report.getDataList()) {
            text.append(
                    "%s: %s train images, %s val images, %s classes\n"
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
        Table table =
                new Table(
                        "layer",
                        "lr",
                        "epochs",
                        "loss",
                        "top-1",
                        "top-5",
                        "best top-1",
                        "at epoch");
        int last = rows.stream().mapToInt(EvalRow::getEpoch).max().orElse(0);
        for (EvalRow row : rows) {
            if (row.getEpoch() == last) {
                EvalRow best =
                        rows.stream()
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

    /**
     * The accuracies at each place of a network: a row a place, a column a measure.
     *
     * @param measures "1-NN", "20-NN", "linear"
     * @param places in the order of the network
     */
    public record StageScores(List<String> measures, List<Place> places) {
        private static final String LINEAR = "linear";

        /**
         * A place in a network with its accuracies.
         *
         * @param name {@code layer3}
         * @param features width there
         * @param accuracy by measure, 0 to 1
         */
        public record Place(String name, int features, Map<String, Double> accuracy) {
            public Optional<Double> of(String measure) {
                return Optional.ofNullable(accuracy.get(measure));
            }
        }

        /** Of several learning rates and epochs of a probe the best rate's last epoch counts. */
        public static StageScores of(List<EvalRow> rows) {
            int last = rows.stream().mapToInt(EvalRow::getEpoch).max().orElse(0);
            List<String> measures = new ArrayList<>();
            Map<String, Place> places = new LinkedHashMap<>();
            for (EvalRow row : rows) {
                Place place =
                        places.computeIfAbsent(
                                row.getLayer(),
                                name -> new Place(name, row.getFeatures(), new LinkedHashMap<>()));
                if (row.hasLr() && row.getEpoch() < last) {
                    continue;
                }
                String measure = row.hasLr() ? LINEAR : row.getK() + "-NN";
                place.accuracy.merge(measure, row.getAccuracy(), Math::max);
                if (!measures.contains(measure)) {
                    measures.add(measure);
                }
            }
            return new StageScores(measures, List.copyOf(places.values()));
        }

        /** As text. */
        String table() {
            List<String> heads = new ArrayList<>(List.of("layer", "features"));
            heads.addAll(measures);
            Table table = new Table(heads.toArray(String[]::new));
            for (Place place : places) {
                List<String> cells =
                        new ArrayList<>(List.of(place.name, String.valueOf(place.features)));
                measures.forEach(m -> cells.add(place.of(m).map(Numbers::percent).orElse("-")));
                table.row(cells.toArray(String[]::new));
            }
            return table.text();
        }
    }
}
