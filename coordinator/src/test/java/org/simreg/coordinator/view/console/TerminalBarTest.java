package org.simreg.coordinator.view.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TerminalBarTest {
    private static final RunProgress.Figures FIGURES = new RunProgress.Figures(
            "epoch  12/100",
            0.996,
            "1,204 images/s  loss 0.1213  lr 3.2e-05",
            "12 min",
            "data 12%  teacher 35%  student 40%  reduce 11%  update 2%");

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);
    private final TerminalBar bar = new TerminalBar(out, false, () -> 80);

    @Test
    void linesThatStayAreNotMixedWithTheBar() {
        bar.print("before");
        bar.accept("bar 1\ntime 1");
        bar.print("epoch 1");
        bar.accept("2\nt");
        bar.print("note: a\nnote: b");
        bar.accept("bar 3\ntime 3");
        assertEquals(List.of("before", "epoch 1", "note: a", "note: b", "bar 3", "time 3"), shown());
        bar.close();
        assertEquals(List.of("before", "epoch 1", "note: a", "note: b", ""), shown());
    }

    @Test
    void theBarFillsTheWidthAndNeverMore() {
        for (int width = 20; width < 140; width++) {
            for (boolean unicode : new boolean[] {true, false}) {
                bar.clear();
                bytes.reset();
                bar.accept(FIGURES.lines(new TerminalBar(out, unicode, () -> 80), width));
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
        bar.accept(FIGURES.lines(bar, bar.getMaxRenderedLength()));
        assertEquals("epoch  12/100 ======= 99%  1,204 images/s  loss 0.1213  lr 3.2e-05  12 min left", shown().get(0));
        assertEquals("time in data 12%  teacher 35%  student 40%  reduce 11%  update 2%", shown().get(1));
    }

    @Test
    void whereThereIsNoBarLinesArePlainText() {
        bar.print("epoch 1");
        bar.end();
        assertEquals("epoch 1" + System.lineSeparator(), bytes.toString(StandardCharsets.UTF_8));
    }

    @Test
    void aBarThatHasEndedLeavesOnlyWhatWasPrinted() {
        bar.print("before");
        bar.begin(width -> "bar\ntime");
        bar.print("after");
        assertTrue(bar.hasBegun());
        bar.end();
        assertFalse(bar.hasBegun());
        assertEquals(List.of("before", "after", ""), shown());
    }

    @Test
    void robotsAndDumbTerminalsGetLines() {
        assertFalse(TerminalBar.isInteractive(Map.of("TERM", "xterm", "CI", "true")));
        assertFalse(TerminalBar.isInteractive(Map.of("TERM", "dumb")));
        assertFalse(TerminalBar.isInteractive(Map.of()));
    }

    @Test
    void theLocaleDecidesOnUnicode() {
        assertTrue(TerminalBar.isUnicode(Map.of("LANG", "en_GB.UTF-8")));
        assertTrue(TerminalBar.isUnicode(Map.of("LC_ALL", "C.utf8", "LANG", "C")));
        assertFalse(TerminalBar.isUnicode(Map.of("LC_ALL", "C", "LANG", "en_GB.UTF-8")));
        assertFalse(TerminalBar.isUnicode(Map.of()));
    }

    @Test
    void aTerminalThatDoesNotKnowItsWidthHasEightyColumns() {
        assertEquals(132, TerminalBar.columns("43 132\n"));
        assertEquals(80, TerminalBar.columns("0 0\n"));
        assertEquals(80, TerminalBar.columns(""));
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
        List<String> screen =
                new ArrayList<>(lines.stream().map(StringBuilder::toString).toList());
        while (screen.size() > row + 1 && screen.get(screen.size() - 1).isEmpty()) {
            screen.remove(screen.size() - 1);
        }
        return screen;
    }
}
