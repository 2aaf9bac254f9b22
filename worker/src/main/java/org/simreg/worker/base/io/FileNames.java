package org.simreg.worker.base.io;

import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.text.Normalizer;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * File names as text, one text for each name whatever its bytes are and whatever the locale is: UTF-8 where they are
 * that, and a character of a private plane for every byte that isn't, so that a name can be sent and sorted as text
 * and still be opened.
 *
 * <p>The JVM decodes names by the locale's encoding and loses what that doesn't have; only URIs of paths carry all
 * bytes. Plain names never go that way.
 */
public final class FileNames {
    /** The character of byte 0; those of bytes 128 to 255 are used. */
    private static final int ESCAPES = 0x10F700;

    private static final char ESCAPE_LEAD = Character.highSurrogate(ESCAPES + 0x80);
    private static final char REPLACEMENT = '\uFFFD';
    private static final boolean UTF_8 = "UTF-8".equalsIgnoreCase(System.getProperty("sun.jnu.encoding"));

    private FileNames() {}

    /** The name of a file that a listing gave, its last element. Asks the file system where the name isn't plain. */
    public static String of(Path entry) {
        String name = entry.getFileName().toString();
        if (isAscii(name) || UTF_8 && name.indexOf(REPLACEMENT) < 0 && name.indexOf(ESCAPE_LEAD) < 0) {
            return name;
        }
        String raw = entry.toUri().getRawPath();
        int end = raw.endsWith("/") ? raw.length() - 1 : raw.length();
        return text(unescaped(raw.substring(raw.lastIndexOf('/', end - 1) + 1, end)));
    }

    /**
     * A file below a folder.
     *
     * @param path names as {@link #of} gave them, with slashes
     * @return opens the file of these bytes; absolute if the names aren't plain
     */
    public static Path resolve(Path folder, String path) {
        if (isAscii(path) || UTF_8 && path.indexOf(ESCAPE_LEAD) < 0) {
            return folder.resolve(path);
        }
        String raw = folder.toUri().getRawPath();
        StringBuilder uri = new StringBuilder("file://").append(raw).append(raw.endsWith("/") ? "" : "/");
        for (byte one : bytes(path)) {
            boolean plain =
                    one == '/' || one >= '0' && one <= '9' || one >= 'A' && one <= 'Z' || one >= 'a' && one <= 'z';
            if (plain) {
                uri.append((char) one);
            } else {
                uri.append('%').append(HexFormat.of().toHexDigits(one));
            }
        }
        return Path.of(URI.create(uri.toString()));
    }

    /** The text of a name's bytes: other bytes, another text. */
    public static String text(byte[] name) {
        try {
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(name))
                    .toString();
            if (text.indexOf(ESCAPE_LEAD) < 0) {
                return text;
            }
        } catch (CharacterCodingException e) {
            return escaped(name);
        }
        return escaped(name);
    }

    private static String escaped(byte[] name) {
        StringBuilder text = new StringBuilder();
        int at = 0;
        while (at < name.length) {
            int length = Math.min(width(name[at]), name.length - at);
            String one = new String(name, at, length, StandardCharsets.UTF_8);
            boolean good = one.codePointCount(0, one.length()) == 1
                    && one.charAt(0) != ESCAPE_LEAD
                    && Arrays.equals(one.getBytes(StandardCharsets.UTF_8), Arrays.copyOfRange(name, at, at + length));
            if (good) {
                text.append(one);
                at += length;
            } else {
                text.appendCodePoint(ESCAPES + (name[at] & 0xFF));
                at++;
            }
        }
        return text.toString();
    }

    /** How many bytes a character has that begins so. */
    private static int width(byte first) {
        int bits = first & 0xFF;
        return bits >= 0xF0 ? 4 : bits >= 0xE0 ? 3 : bits >= 0xC0 ? 2 : 1;
    }

    /** The bytes of a name. */
    public static byte[] bytes(String text) {
        if (text.indexOf(ESCAPE_LEAD) < 0) {
            return text.getBytes(StandardCharsets.UTF_8);
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        text.codePoints().forEach(one -> {
            if (isEscape(one)) {
                bytes.write(one - ESCAPES);
            } else {
                bytes.writeBytes(Character.toString(one).getBytes(StandardCharsets.UTF_8));
            }
        });
        return bytes.toByteArray();
    }

    private static boolean isEscape(int character) {
        return character >= ESCAPES + 0x80 && character <= ESCAPES + 0xFF;
    }

    /** A name for people: {@code \xFF} for a byte that is no character. */
    public static String shown(String text) {
        if (text.indexOf(ESCAPE_LEAD) < 0) {
            return text;
        }
        StringBuilder shown = new StringBuilder();
        text.codePoints()
                .forEach(one -> shown.append(
                        isEscape(one)
                                ? "\\x" + HexFormat.of().withUpperCase().toHexDigits((byte) (one - ESCAPES))
                                : Character.toString(one)));
        return shown.toString();
    }

    /** What two names have in common that look the same: macOS writes an umlaut as two characters, others as one. */
    public static String composed(String name) {
        return isAscii(name) ? name : Normalizer.normalize(name, Normalizer.Form.NFC);
    }

    private static boolean isAscii(String text) {
        return text.chars().allMatch(one -> one < 0x80);
    }

    private static byte[] unescaped(String raw) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (int at = 0; at < raw.length(); at++) {
            if (raw.charAt(at) == '%') {
                bytes.write(HexFormat.fromHexDigits(raw, at + 1, at + 3));
                at += 2;
            } else {
                bytes.write(raw.charAt(at));
            }
        }
        return bytes.toByteArray();
    }
}
