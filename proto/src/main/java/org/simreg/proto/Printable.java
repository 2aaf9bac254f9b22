package org.simreg.proto;

import java.util.regex.Pattern;

/**
 * Texts of others, such as names and paths, as terminals and logs may get them: without what would move the cursor,
 * change a terminal's state, begin a line that looks like one of ours, or turn the direction of writing.
 */
public final class Printable {
    private static final String HARMFUL =
            "\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069";
    private static final Pattern IN_LINE = Pattern.compile("[\\t\\n" + HARMFUL + "]");
    private static final Pattern IN_LINES = Pattern.compile("[" + HARMFUL + "&&[^\\r]]|\\r(?!\\n)");
    private static final Pattern IN_COLOUR =
            Pattern.compile("\\x1b(?!\\[[0-9;]{0,20}m)|[" + HARMFUL + "&&[^\\r\\x1b]]");

    private Printable() {}

    /** A text in one line: each such character is a question mark. */
    public static String text(String text) {
        return IN_LINE.matcher(text).replaceAll("?");
    }

    /** A text that may have several lines, and tabs. */
    public static String lines(String text) {
        return IN_LINES.matcher(text).replaceAll("?");
    }

    /** What is written to a terminal: lines, which may have colours. */
    public static String coloured(String text) {
        return IN_COLOUR.matcher(text).replaceAll("?");
    }
}
