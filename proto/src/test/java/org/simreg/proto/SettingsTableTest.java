package org.simreg.proto;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class SettingsTableTest {
    private static final String BEGIN = "<!-- settings -->";
    private static final String END = "<!-- /settings -->";

    @Test
    void theDocumentShowsTheSettingsThatTheDescriptorDeclares() throws IOException {
        String document = Files.readString(Path.of("..", "docs", "settings.md"));
        int begin = document.indexOf(BEGIN);
        int end = document.indexOf(END);
        assertTrue(begin >= 0 && end > begin, "docs/settings.md lacks " + BEGIN + " .. " + END);
        assertEquals(
                JobField.markdown().strip(),
                document.substring(begin + BEGIN.length(), end).strip(),
                "docs/settings.md is behind job.proto; put the output of `scripts/simreg settings`"
                        + " between "
                        + BEGIN
                        + " and "
                        + END);
    }

    @Test
    void aRowHoldsKeyOptionDefaultValuesAndMeaning() {
        assertTrue(JobField.markdown()
                .contains("| `views.size` | `--size` | `224` | 8 to 1024 px" + " | Height and width of a view |\n"));
        assertTrue(JobField.markdown().contains("| `teachers[].source` | `--teacher` | required |"));
    }

    @Test
    void everyLineHasFiveCells() {
        JobField.markdown().lines().forEach(line -> assertEquals(7, line.split("(?<!\\\\)\\|", -1).length, line));
    }
}
