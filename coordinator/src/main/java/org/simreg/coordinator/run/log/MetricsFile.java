package org.simreg.coordinator.run.log;

import com.google.protobuf.InvalidProtocolBufferException;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.Consumer;
import org.simreg.proto.Progress;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.AtomicFile;
import org.simreg.worker.base.io.FileLines;
import org.simreg.worker.base.io.OwnFolder;
import org.simreg.worker.base.io.UserFile;

/**
 * The file {@code metrics.jsonl} of a run: the events that were not taken back, one line of JSON
 * each, in the order in which they happened. Every line goes to the file in one write, so that a
 * reader that follows the file sees whole lines and a killed run leaves at most its last line in
 * part.
 */
public final class MetricsFile implements AutoCloseable {
    /** Name of the file in a run folder. */
    public static final String NAME = "metrics.jsonl";

    private final FileChannel file;

    private MetricsFile(FileChannel file) {
        this.file = file;
    }

    /** A receiver of events, each a line. */
    @FunctionalInterface
    public interface Lines {
        /** Takes the next event. */
        void write(Progress event) throws IOException;
    }

    /** A source of all events that a file is to hold. */
    @FunctionalInterface
    public interface Content {
        /** Hands over the events, in order. */
        void write(Lines lines) throws IOException;
    }

    /** Opens the file of a run folder to add lines at its end; makes it if there is none. */
    public static MetricsFile append(Path folder) throws IOException {
        return new MetricsFile(
                OwnFolder.open(folder.resolve(NAME), StandardOpenOption.CREATE, StandardOpenOption.APPEND));
    }

    /**
     * Writes the file of a run folder anew; it takes the place of the old one when it is whole.
     *
     * @throws UserError if it can't be written; then the old one is as before
     */
    public static void rewrite(Path folder, Content content) {
        AtomicFile.write(folder.resolve(NAME), channel -> {
            OutputStream lines = new BufferedOutputStream(Channels.newOutputStream(channel), 1 << 16);
            content.write(event -> lines.write(line(event)));
            lines.flush();
        });
    }

    private static byte[] line(Progress event) {
        return (EventJson.line(event) + "\n").getBytes(StandardCharsets.UTF_8);
    }

    /** Adds a line. */
    public void write(Progress event) throws IOException {
        ByteBuffer line = ByteBuffer.wrap(line(event));
        while (line.hasRemaining()) {
            file.write(line);
        }
    }

    /** Brings the lines to the disk. */
    public void force() throws IOException {
        file.force(false);
    }

    @Override
    public void close() throws IOException {
        file.close();
    }

    /** Bytes; an event is shorter than a message of gRPC may be. */
    private static final int LONGEST_LINE = 1 << 24;

    /**
     * Whether the last line of a run folder's file is that of an event, and whole.
     *
     * @param last if empty: whether there is no line
     */
    public static boolean endsWith(Path folder, Optional<Progress> last) throws IOException {
        Path path = folder.resolve(NAME);
        long size = Files.exists(path) ? Files.size(path) : 0;
        if (last.isEmpty() || size == 0) {
            return last.isEmpty() && size == 0;
        }
        byte[] line = line(last.get());
        byte[] end = size == line.length ? line : afterLineEnd(line);
        ByteBuffer there = ByteBuffer.allocate(end.length);
        try (FileChannel file = UserFile.open(path)) {
            file.read(there, Math.max(0, size - end.length));
        }
        return Arrays.equals(there.array(), end);
    }

    private static byte[] afterLineEnd(byte[] line) {
        return ByteBuffer.allocate(1 + line.length).put((byte) '\n').put(line).array();
    }

    /**
     * Hands over all events of a run folder's file. A last line that was cut off, by a kill or
     * because it is being written, is left out.
     *
     * @throws UserError if another line is not an event; the message has its number
     */
    public static void read(Path folder, Consumer<Progress> events) throws IOException {
        Path path = folder.resolve(NAME);
        try (FileLines lines = new FileLines(path, LONGEST_LINE)) {
            Optional<String> line = lines.next();
            for (long number = 1; line.isPresent(); number++) {
                Optional<String> next = lines.next();
                read(path, number, line.get(), next.isEmpty(), events);
                line = next;
            }
        }
    }

    private static void read(Path path, long number, String line, boolean last, Consumer<Progress> events) {
        Progress event;
        try {
            event = EventJson.parse(line);
        } catch (InvalidProtocolBufferException e) {
            if (last) {
                return;
            }
            throw new UserError(
                    "Reading the events of a run failed at line %d of %s: %s; delete that line"
                            .formatted(number, path, e.getMessage()),
                    e);
        }
        events.accept(event);
    }
}
