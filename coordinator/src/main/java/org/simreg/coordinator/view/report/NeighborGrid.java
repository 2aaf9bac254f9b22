package org.simreg.coordinator.view.report;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.simreg.coordinator.view.console.Numbers;
import org.simreg.proto.EvaluationDone;
import org.simreg.proto.Example;
import org.simreg.worker.base.io.FileNames;

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

    /** The files of an evaluation's examples. */
    public static List<String> files(EvaluationDone evaluation) {
        List<String> files = new ArrayList<>();
        for (Example example : evaluation.getExamplesList()) {
            files.add(example.getFile());
            example.getNeighborsList().forEach(near -> files.add(near.getFile()));
        }
        return files;
    }

    /**
     * Makes the grid of an evaluation's examples.
     *
     * @param dataset folder that the evaluation's file names are relative to
     */
    public static NeighborGrid of(EvaluationDone evaluation, Path dataset) {
        List<Row> rows = new ArrayList<>();
        for (Example example : evaluation.getExamplesList()) {
            List<Neighbor> neighbors = new ArrayList<>();
            for (Example.Neighbor near : example.getNeighborsList()) {
                Path image = FileNames.resolve(dataset, near.getFile());
                neighbors.add(new Neighbor(image, near.getLabel(), near.getCosine()));
            }
            rows.add(new Row(FileNames.resolve(dataset, example.getFile()), example.getLabel(), neighbors));
        }
        return new NeighborGrid(rows);
    }

    /** The grid as HTML: a green border for a neighbour of the query's class, else a red one. */
    String html() {
        return grid(rows.stream().map(NeighborGrid::html).toList());
    }

    private static String html(Row row) {
        List<String> found = new ArrayList<>();
        for (Neighbor near : row.neighbors()) {
            String kind = near.className().equals(row.queryClass()) ? "same" : "other";
            String cosine = Numbers.format("%.2f", near.cosine());
            found.add(picture(kind, near.image(), near.className(), cosine));
        }
        return row(picture("query", row.query(), row.queryClass(), "query"), found);
    }

    /**
     * The HTML of a grid.
     *
     * @param rows made by {@link #row}
     */
    static String grid(List<String> rows) {
        return "<div class=\"neighbors card\">\n" + String.join("", rows) + "</div>\n";
    }

    /**
     * The HTML of a query and what was found for it.
     *
     * @param query made by {@link #picture}, and so is each of {@code found}
     */
    static String row(String query, List<String> found) {
        return "<div class=\"row\">\n%s<div class=\"found\">\n%s</div></div>\n"
                .formatted(query, String.join("", found));
    }

    /**
     * The HTML of a picture with a name and a note below it.
     *
     * @param kind class of the style sheet: query, same, other or near
     */
    static String picture(String kind, Path file, String className, String note) {
        String name = ReportPage.escape(className);
        String title = ReportPage.escape("%s: %s (%s)".formatted(className, file.getFileName(), note));
        String image = Thumbnail.of(file)
                .map(data -> "<img src=\"%s\" alt=\"%s\">".formatted(data, name))
                .orElse("<span class=\"absent\">no image</span>");
        return """
                <figure class="%s" title="%s"><div class="frame">%s</div>\
                <figcaption><b>%s</b><small>%s</small></figcaption></figure>
                """.formatted(kind, title, image, name, ReportPage.escape(note));
    }
}
