package org.simreg.coordinator.run.log;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.util.JsonFormat;
import java.util.List;
import org.simreg.proto.Progress;

/**
 * The JSON of an event, or another message, in one line: {@code
 * {"step":{"step":12,"loss":0.5,...},"time_ms":1700000000000}}.
 *
 * <p>Unlike protobuf's own JSON, 64-bit numbers are numbers and zeros are written, because plotting
 * tools read these lines; protobuf's parser reads both forms.
 */
public final class EventJson {
    private static final JsonFormat.Parser PARSER = JsonFormat.parser().ignoringUnknownFields();

    private EventJson() {}

    /** One object without a line break. */
    public static String line(Message message) {
        StringBuilder json = new StringBuilder(256);
        object(json, message);
        return json.toString();
    }

    /**
     * Reads a line; unknown fields are ignored.
     *
     * @param into gets the fields of the line
     * @throws InvalidProtocolBufferException if the line is no such message
     */
    public static void merge(String line, Message.Builder into) throws InvalidProtocolBufferException {
        PARSER.merge(line, into);
    }

    /**
     * @throws InvalidProtocolBufferException if the line is not an event
     */
    static Progress parse(String line) throws InvalidProtocolBufferException {
        Progress.Builder event = Progress.newBuilder();
        merge(line, event);
        return event.build();
    }

    private static void object(StringBuilder json, Message message) {
        json.append('{');
        for (FieldDescriptor field : message.getDescriptorForType().getFields()) {
            boolean absent = field.hasPresence() && !message.hasField(field);
            if (absent || (field.isRepeated() && message.getRepeatedFieldCount(field) == 0)) {
                continue;
            }
            comma(json, '{');
            text(json, field.getName());
            json.append(':');
            value(json, message.getField(field));
        }
        json.append('}');
    }

    private static void value(StringBuilder json, Object value) {
        if (value instanceof Message message) {
            object(json, message);
        } else if (value instanceof List<?> list) {
            json.append('[');
            for (Object element : list) {
                comma(json, '[');
                value(json, element);
            }
            json.append(']');
        } else if (value instanceof Boolean || (value instanceof Number n && finite(n))) {
            json.append(value);
        } else {
            text(json, value.toString());
        }
    }

    private static boolean finite(Number number) {
        return Double.isFinite(number.doubleValue());
    }

    private static void comma(StringBuilder json, char opening) {
        if (json.charAt(json.length() - 1) != opening) {
            json.append(',');
        }
    }

    private static void text(StringBuilder json, String text) {
        json.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                json.append('\\').append(c);
            } else if (c < ' ' || c == 0x7f || Character.isSurrogate(c) || c == 0x2028 || c == 0x2029) {
                json.append("\\u%04x".formatted((int) c));
            } else {
                json.append(c);
            }
        }
        json.append('"');
    }
}
