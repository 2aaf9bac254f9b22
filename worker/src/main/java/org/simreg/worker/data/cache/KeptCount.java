package org.simreg.worker.data.cache;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.regex.Pattern;

/**
 * The bytes of a cache folder's files as they were counted last, in a file beside them, so that a start needn't look at
 * a million of them. A process that was killed may have written more since; the next count finds them.
 *
 * @param folder of the cache
 */
record KeptCount(Path folder) {
    private static final Pattern NUMBER = Pattern.compile("\\d{1,18}\\n");

    private Path file() {
        return folder.resolve("bytes");
    }

    /** None if there is none, or it isn't whole. */
    OptionalLong read() {
        try {
            String text = Files.readString(file());
            return NUMBER.matcher(text).matches()
                    ? OptionalLong.of(Long.parseLong(text.strip()))
                    : OptionalLong.empty();
        } catch (IOException e) {
            return OptionalLong.empty();
        }
    }

    /** What isn't whole when the process ends is none. */
    void write(long bytes) throws IOException {
        if (Files.isDirectory(folder)) {
            Files.writeString(file(), bytes + "\n");
        }
    }
}
