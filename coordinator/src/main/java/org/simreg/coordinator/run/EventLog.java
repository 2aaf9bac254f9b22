package org.simreg.coordinator.run;

import com.google.protobuf.InvalidProtocolBufferException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.simreg.coordinator.status.RunFolder;
import org.simreg.coordinator.store.RecordFile;
import org.simreg.proto.JobEvent;
import org.simreg.proto.Progress;
import org.simreg.proto.UserError;

/**
 * {@code events.log}: all events of a job with their sequence numbers, also of steps that were
 * taken back, so that a client can go on watching where it stopped. An unfinished event at the end
 * is cut off when the file is opened. Every 64th event's place is kept in memory.
 */
final class EventLog implements AutoCloseable {
    static final String NAME = RunFolder.EVENTS;

    static final String KIND = "simreg events 1";
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
     * Opens the events of a run folder, or begins them.
     *
     * @throws UserError if they are damaged before their end or can't be used
     */
    static EventLog open(Path folder) {
        EventLog log = new EventLog(folder.resolve(NAME));
        log.file = RecordFile.open(log.path, KIND, (offset, bytes) -> log.count(offset));
        return log;
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
    long next() {
        return next;
    }

    /**
     * @return sequence number of the event
     */
    long append(Progress event) {
        JobEvent numbered = JobEvent.newBuilder().setSequence(next).setProgress(event).build();
        count(file.append(numbered.toByteArray()));
        dirty = true;
        return numbered.getSequence();
    }

    /**
     * @param from first sequence number
     * @param most events at most
     */
    List<JobEvent> read(long from, int most) {
        List<JobEvent> events = new ArrayList<>();
        if (from >= 0 && from < next && most > 0) {
            int place = Math.toIntExact(from / STRIDE);
            int skipped = Math.toIntExact(from - (long) place * STRIDE);
            int count = (int) Math.min(next - from, most);
            file.read(places[place], skipped + count, (at, bytes) -> events.add(parse(at, bytes)));
            events.subList(0, skipped).clear();
        }
        return events;
    }

    private JobEvent parse(long offset, byte[] bytes) {
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
    void sync() {
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
