package org.simreg.coordinator.status;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ScreenTest {
    private static final BarLine.View VIEW =
            new BarLine.View(
                    "epoch  12/100",
                    0.996,
                    "1,204 images/s  loss 0.1213  lr 3.2e-05",
                    "12 min",
                    "data 12%  teacher 35%  student 40%  reduce 11%  update 2%");

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);
    private final Screen screen = new Screen(out, () -> 80);

    @Test
    void linesThatStayAreNotMixedWithTheBar() {
        screen.print("before");
        screen.accept("bar 1\ntime 1");
        screen.print("epoch 1");
        screen.accept("2\nt");
        screen.print("note: a\nnote: b");
        screen.accept("bar 3\ntime 3");
        assertEquals(
                List.of("before", "epoch 1", "note: a", "note: b", "bar 3", "time 3"), shown());
        screen.close();
        assertEquals(List.of("before", "epoch 1", "note: a", "note: b", ""), shown());
    }

    @Test
    void theBarFillsTheWidthAndNeverMore() {
        for (int width = 20; width < 140; width++) {
            for (boolean unicode : new boolean[] {true, false}) {
                screen.clear();
                bytes.reset();
                screen.accept(new BarLine(unicode).render(VIEW, width));
                List<String> lines = shown();
                assertEquals(2, lines.size());
                int first = lines.get(0).length();
                assertTrue(width < 79 ? first <= width : first == width, lines.get(0));
                assertTrue(lines.get(1).length() <= width, lines.get(1));
            }
        }
    }

    @Test
    void allIsSaidInEightyColumns() {
        screen.accept(new BarLine(false).render(VIEW, screen.getMaxRenderedLength()));
        assertEquals(
                "epoch  12/100 ======= 99%  1,204 images/s  loss 0.1213  lr 3.2e-05  12 min left",
                shown().get(0));
        assertEquals(
                "time in data 12%  teacher 35%  student 40%  reduce 11%  update 2%",
                shown().get(1));
    }

    /**
     * What a terminal would show: carriage return, cursor up, erase to the end of line, colours.
     */
    private List<String> shown() {
        String text = bytes.toString(StandardCharsets.UTF_8);
        List<StringBuilder> lines = new ArrayList<>(List.of(new StringBuilder()));
        int row = 0;
        int column = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\n') {
                row++;
                column = 0;
                if (row == lines.size()) {
                    lines.add(new StringBuilder());
                }
            } else if (c == '\r') {
                column = 0;
            } else if (c == '\u001b') {
                int end = i + 2;
                while (!Character.isLetter(text.charAt(end))) {
                    end++;
                }
                if (text.charAt(end) == 'A') {
                    row--;
                } else if (text.charAt(end) == 'K') {
                    lines.get(row).setLength(Math.min(column, lines.get(row).length()));
                }
                i = end;
            } else {
                StringBuilder line = lines.get(row);
                line.setLength(Math.max(line.length(), column + 1));
                line.setCharAt(column++, c);
            }
        }
        List<String> screen = new ArrayList<>(lines.stream().map(StringBuilder::toString).toList());
        while (screen.size() > row + 1 && screen.get(screen.size() - 1).isEmpty()) {
            screen.remove(screen.size() - 1);
        }
        return screen;
    }
}
