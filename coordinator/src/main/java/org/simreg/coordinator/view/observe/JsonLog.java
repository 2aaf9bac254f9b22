package org.simreg.coordinator.view.observe;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.encoder.EncoderBase;
import com.google.gson.stream.JsonWriter;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A log encoder that writes JSON, one object a line: time, level, logger, message, and where they
 * are known worker, job, generation and step; thread and trace where something failed.
 */
public final class JsonLog extends EncoderBase<ILoggingEvent> {
    private String worker = "";

    /** Set by the configuration: the name that every line of a worker's process has. */
    public void setWorker(String name) {
        worker = name;
    }

    @Override
    public byte[] headerBytes() {
        return new byte[0];
    }

    @Override
    public byte[] encode(ILoggingEvent event) {
        StringWriter line = new StringWriter(256);
        try (JsonWriter json = new JsonWriter(line)) {
            json.setHtmlSafe(true);
            json.beginObject();
            json.name("time").value(event.getInstant().toString());
            json.name("level").value(event.getLevel().toString());
            json.name("logger").value(event.getLoggerName());
            json.name("message").value(event.getFormattedMessage());
            for (Map.Entry<String, String> field : fields(event).entrySet()) {
                json.name(field.getKey());
                value(json, field.getValue());
            }
            if (event.getThrowableProxy() != null) {
                json.name("thread").value(event.getThreadName());
                json.name("trace").value(ThrowableProxyUtil.asString(event.getThrowableProxy()));
            }
            json.endObject();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return line.append('\n').toString().getBytes(StandardCharsets.UTF_8);
    }

    /** Fields of the event itself replace those of its thread (MDC). */
    private Map<String, String> fields(ILoggingEvent event) {
        Map<String, String> fields = new LinkedHashMap<>();
        if (!worker.isEmpty()) {
            fields.put("worker", worker);
        }
        fields.putAll(event.getMDCPropertyMap());
        if (event.getKeyValuePairs() != null) {
            event.getKeyValuePairs().forEach(pair -> fields.put(pair.key, "" + pair.value));
        }
        return fields;
    }

    /** Steps and generations are numbers. */
    private static void value(JsonWriter json, String text) throws IOException {
        if (text.matches("[0-9]{1,15}")) {
            json.value(Long.parseLong(text));
        } else {
            json.value(text);
        }
    }

    @Override
    public byte[] footerBytes() {
        return new byte[0];
    }
}
