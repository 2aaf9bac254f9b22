package org.simreg.coordinator.status;

import java.nio.file.Path;
import org.simreg.coordinator.status.NeighborGrid.Neighbor;
import org.simreg.coordinator.status.NeighborGrid.Row;

/**
 * A grid of queries and their neighbours as HTML: a green border for the query's class, a red one
 * for another.
 */
final class GridHtml {
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
                        picture(same ? "same" : "other", near.image(), near.className(), cosine));
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
