package org.simreg.coordinator.view.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.simreg.coordinator.view.console.Numbers;
import org.simreg.proto.Found;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.base.io.FileNames;

/** The page of {@code simreg search --html}: queries and the pictures found for them. */
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
        String grid =
                NeighborGrid.grid(rows.stream().map(row -> html(row, pictures)).toList());
        String content = "<header>\n<h1>%s</h1>\n</header>\n".formatted(ReportPage.escape(bank))
                + ReportPage.section("Nearest by cosine", grid);
        try {
            Files.writeString(file, ReportPage.of(bank, content));
        } catch (IOException e) {
            throw new UserError(
                    "The page %s can't be written: %s; name another file with --html".formatted(file, Disk.reason(e)),
                    e);
        }
    }

    private static String html(Row row, Path pictures) {
        Path query = Path.of(row.query());
        List<String> found = new ArrayList<>();
        for (Found.Hit hit : row.found().getHitsList()) {
            String name = hit.getLabel().isEmpty() ? "id " + hit.getId() : hit.getLabel();
            String cosine = Numbers.format("%.4f", hit.getCosine());
            Path file = FileNames.resolve(pictures, hit.getFile().isEmpty() ? "none" : hit.getFile());
            found.add(NeighborGrid.picture("near", file, name, cosine));
        }
        String name = query.getFileName().toString();
        return NeighborGrid.row(NeighborGrid.picture("query", query, name, "query"), found);
    }
}
