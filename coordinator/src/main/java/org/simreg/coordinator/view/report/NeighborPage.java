package org.simreg.coordinator.view.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.simreg.coordinator.view.console.Numbers;
import org.simreg.proto.Found;
import org.simreg.proto.UserError;

/** A page of the pictures that a search found: one file without outside references. */
public final class NeighborPage {
    private NeighborPage() {}

    /**
     * A query with what was found.
     *
     * @param query an image file; something else is shown by its name
     * @param found its neighbours
     */
    public record Row(String query, Found found) {}

    /**
     * Writes the page, in place of an earlier one.
     *
     * @param bank that was searched
     * @param pictures folder that the neighbours' files are relative to
     * @throws UserError if it can't be written
     */
    public static void write(Path file, String bank, List<Row> rows, Path pictures) {
        StringBuilder html = new StringBuilder("<div class=\"neighbors card\">\n");
        rows.forEach(row -> html.append(row(row, pictures)));
        String content =
                "<header>\n<h1>%s</h1>\n</header>\n".formatted(ReportPage.escape(bank))
                        + ReportPage.section(
                                "Nearest by cosine", html.append("</div>\n").toString());
        try {
            Files.writeString(file, ReportPage.of(bank, content));
        } catch (IOException e) {
            throw new UserError(
                    "The page %s can't be written: %s; name another file with --html"
                            .formatted(file, e),
                    e);
        }
    }

    private static String row(Row row, Path pictures) {
        StringBuilder html = new StringBuilder("<div class=\"row\">\n");
        Path query = Path.of(row.query());
        html.append(
                NeighborGrid.GridHtml.picture(
                        "query", query, query.getFileName().toString(), "query"));
        html.append("<div class=\"found\">\n");
        for (Found.Hit hit : row.found().getHitsList()) {
            String name = hit.getLabel().isEmpty() ? "id " + hit.getId() : hit.getLabel();
            String cosine = Numbers.format("%.4f", hit.getCosine());
            Path file = pictures.resolve(hit.getFile().isEmpty() ? "none" : hit.getFile());
            html.append(NeighborGrid.GridHtml.picture("near", file, name, cosine));
        }
        return html.append("</div></div>\n").toString();
    }
}
