package org.simreg.worker.base.io;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The lines of a user's file one after the other, in UTF-8, each of a bounded length: a file without line ends takes no
 * more memory than its longest line may.
 */
public final class FileLines implements AutoCloseable {
    private final Path file;
    private final int longest;
    private final InputStream in;

    /**
     * @param longest bytes of a line
     * @throws IOException if the file can't be read or is no regular file
     */
    public FileLines(Path file, int longest) throws IOException {
        this.file = file;
        this.longest = longest;
        in = new BufferedInputStream(Channels.newInputStream(UserFile.open(file)), 1 << 16);
    }

    /**
     * The next line without its end; empty after the last. What follows the last line end is a line if it has a byte.
     *
     * @throws IOException if it is longer than a line may be, or can't be read
     */
    public Optional<String> next() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        int one = in.read();
        if (one < 0) {
            return Optional.empty();
        }
        for (; one >= 0 && one != '\n'; one = in.read()) {
            if (line.size() == longest) {
                throw new IOException("%s has a line of more than %d bytes".formatted(file, longest));
            }
            line.write(one);
        }
        return Optional.of(line.toString(StandardCharsets.UTF_8));
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
