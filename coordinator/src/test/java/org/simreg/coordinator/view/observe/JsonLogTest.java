package org.simreg.coordinator.view.observe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;

class JsonLogTest {
    private final LoggerContext context = new LoggerContext();
    private final ListAppender<ILoggingEvent> events = new ListAppender<>();
    private final JsonLog lines = new JsonLog();
    private Logger log;

    @BeforeEach
    void begin() {
        context.setMDCAdapter(new ch.qos.logback.classic.util.LogbackMDCAdapter());
        events.setContext(context);
        events.start();
        context.getLogger("ROOT").addAppender(events);
        log = context.getLogger("org.simreg.Some");
    }

    private JsonObject line() {
        String text = new String(lines.encode(events.list.get(0)), StandardCharsets.UTF_8);
        assertTrue(text.endsWith("}\n"), text);
        assertEquals(1, text.lines().count(), text);
        return JsonParser.parseString(text).getAsJsonObject();
    }

    @Test
    void aLineIsAnObjectWithWhatItIsAbout() {
        lines.setWorker("w1");
        context.getMDCAdapter().put("job", "from the thread");
        context.getMDCAdapter().put("step", "7");
        log.atInfo().addKeyValue("job", "r18").addKeyValue("generation", 3L).log("a \"{}\"\n", 1);
        JsonObject line = line();
        assertEquals("a \"1\"\n", line.get("message").getAsString());
        assertEquals("r18", line.get("job").getAsString());
        assertEquals("w1", line.get("worker").getAsString());
        assertEquals(List.of(3L, 7L), List.of(number(line, "generation"), number(line, "step")));
        assertTrue(line.getAsJsonPrimitive("step").isNumber());
        assertTrue(line.get("time").getAsString().matches("20\\d\\d-.*Z"), line.toString());
        assertEquals("INFO", line.get("level").getAsString());
        assertEquals("org.simreg.Some", line.get("logger").getAsString());
    }

    private static long number(JsonObject line, String name) {
        return line.get(name).getAsLong();
    }

    @Test
    void aFailureBringsItsTraceOnTheSameLine() {
        log.error("failed", new IllegalStateException("<script>\u2028"));
        JsonObject line = line();
        assertTrue(line.get("trace").getAsString().contains("IllegalStateException: <script>"));
        assertTrue(line.get("trace").getAsString().contains("JsonLogTest"));
        assertFalse(line.has("job"));
        assertTrue(line.keySet().containsAll(Set.of("time", "level", "logger", "message")));
    }
}
