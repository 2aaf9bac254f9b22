package org.simreg.coordinator.view.observe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Properties;
import java.util.logging.Handler;
import java.util.logging.LogManager;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ProcessLogTest {
    private final PrintStream out = System.out;
    private final Properties properties = (Properties) System.getProperties().clone();
    private final Logger root = LogManager.getLogManager().getLogger("");
    private final Handler[] handlers = root.getHandlers();
    private final ByteArrayOutputStream printed = new ByteArrayOutputStream();

    @AfterEach
    void restore() {
        System.setOut(out);
        System.setProperties(properties);
        for (Handler handler : root.getHandlers()) {
            root.removeHandler(handler);
        }
        for (Handler handler : handlers) {
            root.addHandler(handler);
        }
    }

    private void capture() {
        System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
    }

    @Test
    void peopleReadOnStandardOutput() {
        capture();
        ProcessLog.say("it serves on port 7337");
        assertFalse(ProcessLog.isJson());
        assertEquals("it serves on port 7337" + System.lineSeparator(), printed.toString(StandardCharsets.UTF_8));
    }

    @Test
    void asJsonPeopleReadTheLog() {
        System.clearProperty("simreg.log.level");
        ProcessLog.json("w1");
        assertTrue(ProcessLog.isJson());
        assertEquals("w1", System.getProperty("simreg.log.worker"));
        assertEquals("INFO", System.getProperty("simreg.log.level"));
        assertEquals(1, root.getHandlers().length, "what libraries say goes to the same log");
        capture();
        ProcessLog.say("it serves on port 7337");
        assertNotEquals("it serves on port 7337" + System.lineSeparator(), printed.toString(StandardCharsets.UTF_8));
    }

    @Test
    void aLevelThatWasSetStays() {
        System.setProperty("simreg.log.level", "DEBUG");
        ProcessLog.json("");
        assertEquals("DEBUG", System.getProperty("simreg.log.level"));
    }
}
