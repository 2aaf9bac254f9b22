package org.simreg.coordinator.view.report;

import java.nio.file.Path;
import java.util.List;
import org.simreg.coordinator.view.console.Numbers;
import org.simreg.proto.EvaluationDone;

/**
 * A grid of query images and their nearest neighbours, for a person to judge.
 *
 * @param rows a row a query
 */
public record NeighborGrid(List<Row> rows) {
    public NeighborGrid {
        rows = List.copyOf(rows);
    }

    /**
     * A query image with its neighbours.
     *
     * @param query image file
     * @param queryClass its class
     * @param neighbors nearest first
     */
    public record Row(Path query, String queryClass, List<Neighbor> neighbors) {
        public Row {
            neighbors = List.copyOf(neighbors);
        }
    }

    /**
     * A neighbour of a query.
     *
     * @param image file
     * @param className its class
     * @param cosine of the features, -1 to 1
     */
    public record Neighbor(Path image, String className, double cosine) {}

    /**
     * The examples of an evaluation.
     *
     * @param dataset folder that the evaluation's file names are relative to
     */
    public static NeighborGrid of(EvaluationDone evaluation, Path dataset) {
        return new NeighborGrid(
                evaluation.getExamplesList().stream()
                        .map(
                                example ->
                                        new Row(
                                                dataset.resolve(example.getFile()),
                                                example.getLabel(),
                                                example.getNeighborsList().stream()
                                                        .map(
                                                                near ->
                                                                        new Neighbor(
                                                                                dataset.resolve(
                                                                                        near
                                                                                                .getFile()),
                                                                                near.getLabel(),
                                                                                near.getCosine()))
                                                        .toList()))
                        .toList());
    }

    /**
     * A grid of queries and their neighbours as HTML: a green border for the query's class, a red
     * one for another.
     */
    static final class GridHtml {
        private GridHtml() {}

        static String of(NeighborGrid grid) {
            StringBuilder html = new StringBuilder("<div class=\"neighbors card\">\n");
            for (Row row : grid.rows()) {
                html.append("<div class=\"row\">\n");
                html.append(picture("query", row.query(), row.queryClass(), "query"));
                html.append("<div class=\"found\">\n");
                for (Neighbor near : row.neighbors()) {
                    boolean same = near.className().equals(row.queryClass());
                    String cosine = Numbers.format("%.2f", near.cosine());
                    html.append(
                            picture(
                                    same ? "same" : "other",
                                    near.image(),
                                    near.className(),
                                    cosine));
                }
                html.append("</div></div>\n");
            }
            return html.append("</div>\n").toString();
        }

        /** A picture with what is said of it; the kind is a class of the style sheet. */
        static String picture(String kind, Path file, String className, String note) {
            String name = ReportPage.escape(className);
            String title =
                    ReportPage.escape("%s: %s (%s)".formatted(className, file.getFileName(), note));
            String image =
                    Thumbnail.of(file)
                            .map(data -> "<img src=\"%s\" alt=\"%s\">".formatted(data, name))
                            .orElse("<span class=\"absent\">no image</span>");
            return """
                    <figure class="%s" title="%s"><div class="frame">%s</div>\
                    <figcaption><b>%s</b><small>%s</small></figcaption></figure>
                    """
                    .formatted(kind, title, image, name, ReportPage.escape(note));
        }
    }
}
