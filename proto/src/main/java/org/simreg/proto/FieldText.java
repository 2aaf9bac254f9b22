package org.simreg.proto;

import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The text form of the values of proto fields, as people write them: numbers, true or false, and
 * enum names in lower case with dashes ("same-weak", "mobilenet-v2").
 */
public final class FieldText {
    private FieldText() {}

    /**
     * Reads one value of a field; a value of a repeated field is one element.
     *
     * @param text as written, such as "0.05" or "same-weak"
     * @return the value in the type that protobuf's reflection takes for this field
     * @throws UserError if the text is no such value; the message quotes it, not the field
     */
    public static Object parse(FieldDescriptor field, String text) {
        String value = text.strip();
        return switch (field.getType()) {
            case BOOL -> truth(value);
            case UINT32 -> whole(value, 32).intValue();
            case UINT64 -> whole(value, 64).longValue();
            case DOUBLE -> real(value);
            case STRING -> text;
            case ENUM -> choice(field, value);
            default -> throw new IllegalStateException("No text form for " + field.getFullName());
        };
    }

    /**
     * Reads all values of a field: for a repeated one a list, its elements separated by
     * commas but for texts, which may hold some.
     *
     * @return what {@link com.google.protobuf.Message.Builder#setField} takes for the field
     * @throws UserError if a part is no such value
     */
    public static Object parseAll(FieldDescriptor field, String text) {
        if (!field.isRepeated()) {
            return parse(field, text);
        }
        if (field.getJavaType() == FieldDescriptor.JavaType.STRING) {
            return List.of(parse(field, text));
        }
        List<Object> values = new ArrayList<>();
        for (String part : text.split(",", -1)) {
            values.add(parse(field, part));
        }
        return values;
    }

    /**
     * @param value one value of the field, as protobuf's reflection gives it
     * @return the text that {@link #parse} reads back to an equal value
     */
    public static String text(FieldDescriptor field, Object value) {
        return switch (field.getType()) {
            case UINT32 -> Integer.toUnsignedString((Integer) value);
            case UINT64 -> Long.toUnsignedString((Long) value);
            case DOUBLE -> plain((Double) value);
            case ENUM -> known((EnumValueDescriptor) value);
            default -> value.toString();
        };
    }

    /**
     * @return the name as people write it: MOBILENET_V2 is "mobilenet-v2"
     */
    public static String kebab(EnumValueDescriptor value) {
        return value.getName().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** The text of one field of a message, also of an enum value that this version doesn't know. */
    static String shown(Message message, int fieldNumber) {
        FieldDescriptor field = message.getDescriptorForType().findFieldByNumber(fieldNumber);
        return text(field, message.getField(field));
    }

    /** A number's text without an exponent or needless zeros where that is short. */
    static String plain(double value) {
        if (!Double.isFinite(value) || value != 0 && (Math.abs(value) < 1e-9 || Math.abs(value) >= 1e15)) {
            return Double.toString(value);
        }
        if (value == 0) {
            return "0";
        }
        return new BigDecimal(Double.toString(value)).stripTrailingZeros().toPlainString();
    }

    /** An enum value's name; one that only another version knows is shown by its number. */
    private static String known(EnumValueDescriptor value) {
        return value.getIndex() < 0 ? "value " + value.getNumber() : kebab(value);
    }

    private static Boolean truth(String value) {
        return switch (value) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new UserError("'" + value + "' is neither true nor false");
        };
    }

    private static BigInteger whole(String value, int bits) {
        BigInteger number;
        try {
            number = new BigDecimal(digits(value)).toBigIntegerExact();
        } catch (ArithmeticException | NumberFormatException e) {
            throw new UserError("'" + value + "' is not a whole number", e);
        }
        if (number.signum() < 0 || number.bitLength() > bits) {
            String most =
                    BigInteger.ONE.shiftLeft(bits).subtract(BigInteger.ONE).toString();
            throw new UserError(value + " is not a whole number from 0 to " + most);
        }
        return number;
    }

    private static Double real(String value) {
        double number;
        try {
            number = new BigDecimal(digits(value)).doubleValue();
        } catch (NumberFormatException e) {
            throw new UserError("'" + value + "' is not a number", e);
        }
        if (!Double.isFinite(number)) {
            throw new UserError(value + " is too large a number");
        }
        return number;
    }

    /** Refuses numbers such as 1e999999999, which would take all memory when made exact. */
    private static String digits(String value) {
        if (value.length() > 40 || value.matches(".*[eE][+-]?\\d{4,}")) {
            throw new NumberFormatException("too long");
        }
        return value;
    }

    private static EnumValueDescriptor choice(FieldDescriptor field, String value) {
        List<String> names = JobField.of(field).values();
        String asked = value.toLowerCase(Locale.ROOT).replace('_', '-');
        for (EnumValueDescriptor candidate : field.getEnumType().getValues()) {
            if (names.contains(asked) && kebab(candidate).equals(asked)) {
                return candidate;
            }
        }
        throw new UserError("'" + value + "'" + Nearest.refusal(asked, names));
    }
}
