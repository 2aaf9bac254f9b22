package org.simreg.coordinator.view.console;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.simreg.proto.EvalRow;

/**
 * The accuracies at each stage of a network: a row a stage, a column a measure.
 *
 * @param measures "1-NN", "20-NN", "linear"
 * @param stages in the order of the network
 */
public record StageScores(List<String> measures, List<Stage> stages) {
    private static final String LINEAR = "linear";

    /**
     * A stage of a network, or a layer of its head, with the accuracies of its features.
     *
     * @param name {@code layer3}
     * @param features width there
     * @param accuracy by measure, 0 to 1
     */
    public record Stage(String name, int features, Map<String, Double> accuracy) {
        public Optional<Double> of(String measure) {
            return Optional.ofNullable(accuracy.get(measure));
        }
    }

    /**
     * Collects the accuracies of an evaluation's rows.
     *
     * <p>Of several learning rates and epochs of a probe the best rate's last epoch counts.
     */
    public static StageScores of(List<EvalRow> rows) {
        int last = rows.stream().mapToInt(EvalRow::getEpoch).max().orElse(0);
        List<String> measures = new ArrayList<>();
        Map<String, Stage> stages = new LinkedHashMap<>();
        for (EvalRow row : rows) {
            Stage stage = stages.computeIfAbsent(
                    row.getLayer(), name -> new Stage(name, row.getFeatures(), new LinkedHashMap<>()));
            if (row.hasLr() && row.getEpoch() < last) {
                continue;
            }
            String measure = row.hasLr() ? LINEAR : row.getK() + "-NN";
            stage.accuracy.merge(measure, row.getAccuracy(), Math::max);
            if (!measures.contains(measure)) {
                measures.add(measure);
            }
        }
        return new StageScores(measures, List.copyOf(stages.values()));
    }

    /** The table as text. */
    String table() {
        List<String> heads = new ArrayList<>(List.of("layer", "features"));
        heads.addAll(measures);
        Table table = new Table(heads.toArray(String[]::new));
        for (Stage stage : stages) {
            List<String> cells = new ArrayList<>(List.of(stage.name, String.valueOf(stage.features)));
            measures.forEach(m -> cells.add(stage.of(m).map(Numbers::percent).orElse("-")));
            table.row(cells.toArray(String[]::new));
        }
        return table.text();
    }
}
