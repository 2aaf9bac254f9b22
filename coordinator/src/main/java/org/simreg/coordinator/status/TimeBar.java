package org.simreg.coordinator.status;

import java.util.LinkedHashMap;
import java.util.Map;

/** Where the time of the steps went: one bar, stacked. */
final class TimeBar {
    private TimeBar() {}

    /**
     * @param parts seconds of each part
     * @param all wall time of all steps, in seconds
     */
    static String of(Map<String, Double> parts, double all) {
        Map<String, Double> pieces = new LinkedHashMap<>(parts);
        double known = parts.values().stream().mapToDouble(Double::doubleValue).sum();
        pieces.put("other", Math.max(0, all - known));
        double whole = Math.max(all, known);
        StringBuilder bar = new StringBuilder();
        StringBuilder rows = new StringBuilder();
        for (Map.Entry<String, Double> piece : pieces.entrySet()) {
            double share = piece.getValue() / whole;
            String style = Parts.style(piece.getKey());
            String time = Numbers.seconds(piece.getValue());
            bar.append(
                    Numbers.format(
                            "<i class=\"%s\" style=\"width:%.2f%%\" title=\"%s: %s\"></i>",
                            style, 100 * share, piece.getKey(), time));
            rows.append(
                    "<tr><th><i class=\"%s\"></i>%s</th><td>%s</td><td>%s</td></tr>%n"
                            .formatted(style, piece.getKey(), Numbers.percent(share), time));
        }
        return """
                <figure class="card">
                <figcaption><h3>Time</h3></figcaption>
                <div class="stack">%s</div>
                <table class="parts">
                %s</table>
                </figure>
                """
                .formatted(bar, rows);
    }
}
