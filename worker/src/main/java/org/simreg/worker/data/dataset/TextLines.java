package org.simreg.worker.data.dataset;

import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.simreg.worker.base.io.FileNames;
import org.simreg.worker.base.io.UserFile;

/** The lines of a text file that people or programs of any system wrote. */
public final class TextLines {
    private static final int MOST_BYTES = 1 << 30;

    private TextLines() {}

    /**
     * Lines without the byte order mark, ends of any kind, white space around them and empty ones. Text is UTF-8, or
     * UTF-16 by its mark; other bytes are kept as in names of files.
     *
     * @throws IOException if the file can't be read or is no regular file
     */
    public static List<String> read(Path file) throws IOException {
        byte[] bytes = UserFile.bytes(file, MOST_BYTES);
        return text(bytes)
                .lines()
                .map(String::strip)
                .filter(line -> !line.isEmpty())
                .toList();
    }

    private static String text(byte[] bytes) {
        if (starts(bytes, 0xFF, 0xFE)) {
            return decoded(bytes, 2, StandardCharsets.UTF_16LE);
        }
        if (starts(bytes, 0xFE, 0xFF)) {
            return decoded(bytes, 2, StandardCharsets.UTF_16BE);
        }
        String text = FileNames.text(bytes);
        return text.startsWith("\uFEFF") ? text.substring(1) : text;
    }

    private static boolean starts(byte[] bytes, int first, int second) {
        return bytes.length >= 2 && (bytes[0] & 0xFF) == first && (bytes[1] & 0xFF) == second;
    }

    private static String decoded(byte[] bytes, int from, Charset charset) {
        return new String(bytes, from, bytes.length - from, charset);
    }
}
