package org.simreg.coordinator.status;

import java.util.ArrayList;
import java.util.List;

/** Accuracies as a table of HTML, each with a bar as long as its part of the largest. */
final class BarTable {
    private final List<String> heads;
    private final List<String> names = new ArrayList<>();
    private final List<List<Double>> cells = new ArrayList<>();

    BarTable(List<String> heads) {
        this.heads = heads;
    }

    /**
     * @param values 0 to 1; one a head, NaN where there is none
     */
    void row(String name, List<Double> values) {
        names.add(name);
        cells.add(values);
    }

    String html() {
        double most =
                cells.stream()
                        .flatMap(List::stream)
                        .filter(Double::isFinite)
                        .mapToDouble(value -> value)
                        .max()
                        .orElse(1);
        StringBuilder html = new StringBuilder("<table>\n<thead><tr><th></th>");
        heads.forEach(head -> html.append(Html.element("th", head)));
        html.append("</tr></thead>\n<tbody>\n");
        for (int row = 0; row < names.size(); row++) {
            html.append("<tr>").append(Html.element("th", names.get(row)));
            cells.get(row).forEach(value -> html.append(cell(value, most)));
            html.append("</tr>\n");
        }
        return html.append("</tbody>\n</table>\n").toString();
    }

    static String cell(double value, double most) {
        if (!Double.isFinite(value)) {
            return "<td>-</td>";
        }
        return Numbers.format(
                "<td><span>%s</span><i style=\"width:%.1f%%\"></i></td>",
                Numbers.percent(value), most > 0 ? 100 * value / most : 0);
    }
}
