package org.simreg.coordinator.status;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.simreg.proto.EvalRow;

/**
 * The accuracies at each place of a network: a row a place, a column a measure.
 *
 * @param measures "1-NN", "20-NN", "linear"
 * @param places in the order of the network
 */
record StageScores(List<String> measures, List<Place> places) {
    private static final String LINEAR = "linear";

    /**
     * A place in a network with its accuracies.
     *
     * @param name {@code layer3}
     * @param features width there
     * @param accuracy by measure, 0 to 1
     */
    record Place(String name, int features, Map<String, Double> accuracy) {
        Optional<Double> of(String measure) {
            return Optional.ofNullable(accuracy.get(measure));
        }
    }

    /** Of several learning rates and epochs of a probe the best rate's last epoch counts. */
    static StageScores of(List<EvalRow> rows) {
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
