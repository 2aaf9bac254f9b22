package org.simreg.coordinator.run.log;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.coordinator.run.folder.Runs;
import org.simreg.proto.JobEvent;

class EventLogTest {
    @TempDir
    Path folder;

    @Test
    void eventsAreReadFromAnyNumberOnAlsoAfterReopening() {
        try (EventLog log = EventLog.open(folder)) {
            append(log, 10_000);
            check(log);
        }
        try (EventLog log = EventLog.open(folder)) {
            assertEquals(10_000, log.next());
            check(log);
            assertEquals(10_000, log.append(Runs.event(5)));
            assertEquals(5, log.read(10_000, 1).get(0).getProgress().getStep().getStep());
        }
    }

    private static void check(EventLog log) {
        for (long from : new long[] {0, 1, 63, 64, 65, 4095, 4096, 9_000}) {
            List<JobEvent> events = log.read(from, 130);
            assertEquals(
                    LongStream.range(from, from + 130).boxed().toList(),
                    events.stream().map(JobEvent::getSequence).toList());
            assertEquals(from + 7, events.get(7).getProgress().getStep().getStep());
        }
        assertEquals(10, log.read(9_990, 1000).size());
        assertEquals(List.of(), log.read(10_000, 10));
        assertEquals(List.of(), log.read(0, 0));
    }

    @Test
    void cutAtAnyByteOfItsLastEventTheLogGoesOnWithItsNumber() throws IOException {
        try (EventLog log = EventLog.open(folder)) {
            append(log, 3);
        }
        Path file = folder.resolve("events.log");
        int kept = (int) Files.size(file);
        try (EventLog log = EventLog.open(folder)) {
            log.append(Runs.event(3));
        }
        byte[] whole = Runs.bytes(file);
        for (int length = kept; length < whole.length; length++) {
            Files.write(file, Arrays.copyOf(whole, length));
            try (EventLog log = EventLog.open(folder)) {
                assertEquals(3, log.next());
                assertEquals(3, log.append(Runs.event(33)));
                assertEquals(33, log.read(3, 9).get(0).getProgress().getStep().getStep());
            }
        }
    }

    private static void append(EventLog log, int count) {
        for (int i = 0; i < count; i++) {
            log.append(Runs.event(i));
        }
    }
}
