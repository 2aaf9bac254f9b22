package org.simreg.proto;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** Tests that names of others can't speak for us in a terminal or a log. */
class PrintableTest {
    private static final String EVIL = "a\n12:00:00 ERROR x\r\u001b[2J\u009b2J\u202egpj\u2028b\tc";

    @Test
    void aNameIsOneLine() {
        assertEquals("a?12:00:00 ERROR x??[2J?2J?gpj?b?c", Printable.text(EVIL));
        assertEquals("Zürich 東京 🙂", Printable.text("Zürich 東京 🙂"));
    }

    @Test
    void linesAndTabsStayWhereThereMayBeSome() {
        assertEquals("a\n12:00:00 ERROR x??[2J?2J?gpj?b\tc", Printable.lines(EVIL));
        assertEquals("a\r\nb", Printable.lines("a\r\nb"));
    }

    @Test
    void coloursStayAndNothingElseThatATerminalObeys() {
        assertEquals(
                "\u001b[1;31mred\u001b[0m ?[2J ?]0;title?",
                Printable.coloured("\u001b[1;31mred\u001b[0m \u001b[2J \u001b]0;title\u0007"));
    }

    @Test
    void errorsCarryNothingThatATerminalObeys() {
        assertEquals("no ?[2J\nfile", new UserError("no \u001b[2J\nfile").getMessage());
        assertEquals("no ?[2J", new Refused(Refused.Kind.STATE, "no \u001b[2J").getMessage());
    }

    @Test
    void aJobWhosePathsHaveThemIsRefusedWithTheField() {
        Job.Builder job = Job.newBuilder().setName("a");
        job.getDatasetBuilder().clearPath().addPath("d\u001b[2J");
        job.addTeachersBuilder().setSource("t\npt");
        String message = assertThrows(UserError.class, () -> JobSettings.complete(job.build()))
                .getMessage();
        assertTrue(message.contains("dataset.path"), message);
        assertTrue(message.contains("'d?[2J' has line ends or control characters; take them out"), message);
        assertTrue(message.contains("teachers[0].source"), message);
    }
}
