package org.simreg.coordinator.status;

import com.google.protobuf.InvalidProtocolBufferException;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.simreg.proto.Progress;
import org.simreg.proto.UserError;

/**
 * {@code metrics.jsonl}: the events of a run, one line of JSON each, in the order in which they
 * happened. Every line goes to the file in one write, so that a reader that follows the file sees
 * whole lines and a killed run leaves at most its last line in part.
 */
final class MetricsFile implements AutoCloseable {
    static final String NAME = "metrics.jsonl";

    /** How the line of a step begins. */
    private static final Pattern STEP = Pattern.compile("\\{\"step\":\\{\"step\":(\\d{1,18}),");

    private final FileChannel file;

    private MetricsFile(FileChannel file) {
        this.file = file;
    }

    /** Opens the file of a run folder to add lines at its end; makes it if there is none. */
    static MetricsFile append(Path folder) throws IOException {
        return new MetricsFile(
                FileChannel.open(
                        folder.resolve(NAME),
                        StandardOpenOption.CREATE,
                        StandardOpenOption.APPEND));
    }

    void write(Progress event) throws IOException {
        ByteBuffer line =
                ByteBuffer.wrap((EventJson.line(event) + "\n").getBytes(StandardCharsets.UTF_8));
        while (line.hasRemaining()) {
            file.write(line);
        }
    }

    void force() throws IOException {
        file.force(false);
    }

    @Override
    public void close() throws IOException {
        file.close();
    }

    /**
     * Hands over all events of a run folder. A last line that was cut off, by a kill or because it
     * is being written, is left out.
     *
     * @throws UserError if another line is not an event; the message has its number
     */
    static void read(Path folder, Consumer<Progress> events) throws IOException {
        Path path = folder.resolve(NAME);
        try (BufferedReader lines = Files.newBufferedReader(path)) {
            String line = lines.readLine();
            for (long number = 1; line != null; number++) {
                String next = lines.readLine();
                read(path, number, line, next == null, events);
                line = next;
            }
        }
    }

    private static void read(
            Path path, long number, String line, boolean last, Consumer<Progress> events) {
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

    /**
     * Prepares a run folder's events for more, without parsing those of steps, which can be a
     * million: cuts off a last line that was not finished, and hands over all events but steps.
     *
     * @return the highest step; 0 if there is none
     */
    static long follow(Path folder, Consumer<Progress> others) throws IOException {
        Path path = folder.resolve(NAME);
        if (!Files.exists(path)) {
            return 0;
        }
        try (FileChannel file =
                FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            file.truncate(wholeLines(file));
        }
        long highest = 0;
        try (BufferedReader lines = Files.newBufferedReader(path)) {
            String line = lines.readLine();
            for (long number = 1; line != null; number++) {
                Matcher step = STEP.matcher(line);
                if (step.lookingAt()) {
                    highest = Math.max(highest, Long.parseLong(step.group(1)));
                } else {
                    read(path, number, line, false, others);
                }
                line = lines.readLine();
            }
        }
        return highest;
    }

    /** Bytes up to the last line end. */
    private static long wholeLines(FileChannel file) throws IOException {
        ByteBuffer one = ByteBuffer.allocate(1);
        for (long end = file.size(); end > 0; end--) {
            file.read(one.clear(), end - 1);
            if (one.get(0) == '\n') {
                return end;
            }
        }
        return 0;
    }

    /**
     * Takes back what happened after a step, so that the run can go on from there and its file
     * reads like that of a run that was never interrupted.
     *
     * @param step the last step that counts
     * @param ended whether the run may have finished by then
     * @param kept gets every event that stays, in order
     */
    static void cut(Path folder, long step, boolean ended, Consumer<Progress> kept)
            throws IOException {
        Path draft = folder.resolve(NAME + ".tmp");
        try (BufferedWriter lines = Files.newBufferedWriter(draft)) {
            Cut cut = new Cut(step, ended);
            read(
                    folder,
                    event -> {
                        if (cut.keeps(event)) {
                            Writing.to(draft, () -> lines.write(EventJson.line(event) + "\n"));
                            kept.accept(event);
                        }
                    });
        } catch (NoSuchFileException absent) {
            Files.deleteIfExists(draft);
            return;
        }
        Files.move(draft, folder.resolve(NAME), StandardCopyOption.ATOMIC_MOVE);
    }

    /**
     * Checkpoints are reported late, from another thread: theirs count by step, all else by place.
     */
    private static final class Cut {
        private final long step;
        private final boolean ended;
        private boolean passed;

        Cut(long step, boolean ended) {
            this.step = step;
            this.ended = ended;
        }

        boolean keeps(Progress event) {
            passed |= event.hasStep() && event.getStep().getStep() > step;
            if (event.hasCheckpoint()) {
                return event.getCheckpoint().getStep() <= step;
            }
            return !passed && (ended || !event.hasFinished());
        }
    }
}
