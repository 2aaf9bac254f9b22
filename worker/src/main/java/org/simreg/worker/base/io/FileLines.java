package org.simreg.worker.base.io;

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
    private final byte[] buffer = new byte[1 << 16];
    private int at;
    private int end;

    /**
     * @param longest bytes of a line
     * @throws IOException if the file can't be read or is no regular file
     */
    public FileLines(Path file, int longest) throws IOException {
        this.file = file;
        this.longest = longest;
        in = Channels.newInputStream(UserFile.open(file));
    }

    /**
     * The next line without its end; empty after the last. What follows the last line end is a line if it has a byte.
     *
     * @throws IOException if it is longer than a line may be, or can't be read
     */
    public Optional<String> next() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        boolean begun = false;
        while (at < end || more()) {
            begun = true;
            int from = at;
            while (at < end && buffer[at] != '\n') {
                at++;
            }
            if (line.size() + at - from > longest) {
                throw new IOException("%s has a line of more than %d bytes".formatted(file, longest));
            }
            line.write(buffer, from, at - from);
            if (at < end) {
                at++;
                break;
            }
        }
        return begun ? Optional.of(line.toString(StandardCharsets.UTF_8)) : Optional.empty();
    }

    /** Reads on; false at the end of the file. */
    private boolean more() throws IOException {
        at = 0;
        end = Math.max(0, in.read(buffer));
        return end > 0;
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
