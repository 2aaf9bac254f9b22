package org.simreg.coordinator.view.console;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.simreg.proto.Printable;

/** A table of text: columns as wide as their widest cell, those of numbers set to the right. */
final class Table {
    private final List<String[]> rows = new ArrayList<>();

    Table(String... heads) {
        rows.add(heads);
    }

    /** Adds a row; control characters, which would move the cursor, become question marks. */
    void row(String... cells) {
        rows.add(Arrays.stream(cells).map(Printable::text).toArray(String[]::new));
    }

    /** A line for each row, the heads first. */
    String text() {
        StringBuilder text = new StringBuilder();
        for (String[] row : rows) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < row.length; i++) {
                line.append(i == 0 ? "" : "  ").append(padded(row[i], i));
            }
            text.append(line.toString().stripTrailing()).append('\n');
        }
        return text.toString();
    }

    private String padded(String cell, int column) {
        int width = rows.stream().mapToInt(row -> row[column].length()).max().orElse(0);
        String room = " ".repeat(width - cell.length());
        return numeric(column) ? room + cell : cell + room;
    }

    private boolean numeric(int column) {
        return rows.stream().skip(1).allMatch(row -> row[column].matches("[\\d,./%-]*"));
    }
}
