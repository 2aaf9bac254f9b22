package org.simreg.coordinator.run.log;

import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.simreg.coordinator.store.RecordFile;
import org.simreg.proto.JobEvent;
import org.simreg.proto.Progress;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.Disk;

/**
 * The file {@code events.log} of a run: all events with their sequence numbers, also those of steps
 * that were taken back, so that a client can go on watching where it stopped. An unfinished event
 * at the end is cut off when the file is opened. Every 64th event's place is kept in memory.
 */
public final class EventLog implements AutoCloseable {
    public static final String NAME = "events.log";

    private static final String KIND = "simreg events 1";
    private static final int STRIDE = 64;

    private final Path path;
    private RecordFile file;
    private long[] places = new long[64];
    private long next;
    private boolean dirty;

    private EventLog(Path path) {
        this.path = path;
    }

    /**
     * Opens the events of a run folder, or begins them: with the events of {@code metrics.jsonl} if
     * the run is from before there were logs.
     *
     * @throws UserError if they are damaged before their end or can't be used
     */
    public static EventLog open(Path folder) {
        Path path = folder.resolve(NAME);
        Path metrics = folder.resolve(MetricsFile.NAME);
        if (Files.notExists(path) && Files.exists(metrics)) {
            Disk.read(metrics, () -> fromMetrics(folder, path));
        }
        return at(path);
    }

    private static EventLog at(Path path) {
        EventLog log = new EventLog(path);
        log.file = RecordFile.open(path, KIND, (offset, bytes) -> log.count(offset));
        return log;
    }

    /** The log takes its name when all events are in it: a second attempt begins anew. */
    private static Path fromMetrics(Path folder, Path path) throws IOException {
        Path draft = folder.resolve(NAME + ".tmp");
        Files.deleteIfExists(draft);
        try (EventLog log = at(draft)) {
            MetricsFile.read(folder, log::append);
        } catch (IOException | RuntimeException e) {
            Files.deleteIfExists(draft);
            throw e;
        }
        Files.move(draft, path, StandardCopyOption.ATOMIC_MOVE);
        Disk.forceFolder(folder);
        return path;
    }

    /** Whether a run folder holds no event, in a log or from before there were logs. */
    public static boolean isEmpty(Path folder) throws IOException {
        Path metrics = folder.resolve(MetricsFile.NAME);
        if (Files.notExists(folder.resolve(NAME))) {
            return Files.notExists(metrics) || Files.size(metrics) == 0;
        }
        List<Progress> events = new ArrayList<>();
        read(folder, events::add);
        return events.isEmpty();
    }

    /**
     * Hands over all events of a run folder's log, which another process may be writing; none if
     * there is no log.
     *
     * @throws UserError if they are damaged before their end or can't be read
     */
    public static void read(Path folder, Consumer<Progress> events) {
        Path path = folder.resolve(NAME);
        if (Files.exists(path)) {
            RecordFile.read(
                    path,
                    KIND,
                    (offset, bytes) -> events.accept(parse(path, offset, bytes).getProgress()));
        }
    }

    private void count(long offset) {
        if (next % STRIDE == 0) {
            int place = Math.toIntExact(next / STRIDE);
            if (place == places.length) {
                places = Arrays.copyOf(places, 2 * place);
            }
            places[place] = offset;
        }
        next++;
    }

    /** Sequence number of the next event. */
    public long next() {
        return next;
    }

    /**
     * @return sequence number of the event
     */
    public long append(Progress event) {
        JobEvent numbered =
                JobEvent.newBuilder().setSequence(next).setProgress(event).build();
        count(file.append(numbered.toByteArray()));
        dirty = true;
        return numbered.getSequence();
    }

    /**
     * @param from first sequence number
     * @param most events at most
     */
    public List<JobEvent> read(long from, int most) {
        List<JobEvent> events = new ArrayList<>();
        if (from >= 0 && from < next && most > 0) {
            int place = Math.toIntExact(from / STRIDE);
            int skipped = Math.toIntExact(from - (long) place * STRIDE);
            int count = (int) Math.min(next - from, most);
            file.read(places[place], skipped + count, (at, bytes) -> events.add(parse(path, at, bytes)));
            events.subList(0, skipped).clear();
        }
        return events;
    }

    private static JobEvent parse(Path path, long offset, byte[] bytes) {
        try {
            return JobEvent.parseFrom(bytes);
        } catch (InvalidProtocolBufferException e) {
            throw new UserError(
                    "%s has at byte %d what is no event: %s; it is of another version of simreg"
                            .formatted(path, offset, e.getMessage()),
                    e);
        }
    }

    /** Brings what was appended to the disk; costs nothing if there is nothing. */
    public void sync() {
        if (dirty) {
            file.sync();
            dirty = false;
        }
    }

    @Override
    public void close() {
        file.close();
    }
}
