package org.simreg.coordinator.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.proto.JobRecord;
import org.simreg.proto.UserError;

class FullDiskTest {
    private static final String KIND = "simreg test 1";
    private static final int KILOBYTES = 8;
    private static final int CASES = 40;

    @TempDir
    Path folder;

    @Test
    void aRecordThatFindsNoRoomLeavesTheOnesBeforeAndTheNextTakesItsPlace() throws Exception {
        List<String> said = SmallDisk.run(KILOBYTES, Records.class, folder);
        assertEquals(CASES, said.size());
        for (int i = 0; i < CASES; i++) {
            assertTrue(said.get(i).startsWith("Writing " + folder), said.get(i));
            assertTrue(said.get(i).contains("failed: File too large; make room"), said.get(i));
            assertEquals(List.of("before", "x".repeat(i + 1)), records("killed-" + i), "killed " + i);
            assertEquals(List.of("before", "x".repeat(i + 1), "after"), records("goes-on-" + i), "" + i);
        }
    }

    private List<String> records(String name) {
        List<String> found = new ArrayList<>();
        RecordFile.open(folder.resolve(name), KIND, (at, bytes) -> found.add(text(bytes)))
                .close();
        return found;
    }

    /** Appends what has room and what has none, ending at any place of the record's frame. */
    static final class Records {
        private Records() {}

        public static void main(String[] arguments) {
            for (int i = 0; i < CASES; i++) {
                for (String name : List.of("killed-" + i, "goes-on-" + i)) {
                    Path path = Path.of(arguments[0], name);
                    RecordFile file = RecordFile.open(path, KIND, (at, bytes) -> {});
                    file.append(bytes("before"));
                    file.append(bytes("x".repeat(i + 1)));
                    try {
                        file.append(bytes("y".repeat(KILOBYTES << 10)));
                    } catch (UserError e) {
                        if (name.startsWith("goes-on")) {
                            file.append(bytes("after"));
                            System.out.println(e.getMessage());
                        }
                    }
                }
            }
            // As a kill does: nothing is closed.
            Runtime.getRuntime().halt(0);
        }
    }

    @Test
    void aJobsRecordThatFindsNoRoomLeavesTheOneBefore() throws Exception {
        List<String> said = SmallDisk.run(KILOBYTES, Jobs.class, folder);
        assertEquals(3, said.size(), said.toString());
        assertTrue(said.get(0).contains("jobs.journal failed: File too large"), said.get(0));
        assertEquals("version 1", said.get(1));
        assertEquals("version 2", said.get(2));
        try (Journal journal = Journal.open(folder.resolve("jobs.journal"))) {
            assertEquals(List.of(job(2, "short")), List.copyOf(journal.records()));
        }
    }

    /** Keeps a record for which there is no room, and then a shorter one of the same version. */
    static final class Jobs {
        private Jobs() {}

        public static void main(String[] arguments) {
            Journal journal = Journal.open(Path.of(arguments[0], "jobs.journal"));
            journal.append(job(1, "first"));
            try {
                journal.append(job(2, "x".repeat(KILOBYTES << 10)));
            } catch (UserError e) {
                System.out.println(e.getMessage());
            }
            System.out.println("version " + only(journal.records()).getVersion());
            journal.append(job(2, "short"));
            System.out.println("version " + only(journal.records()).getVersion());
            Runtime.getRuntime().halt(0);
        }
    }

    /** The draft has a longer name, which this one leaves no room for. */
    @Test
    void aJournalThatCanNotBeWrittenAnewGoesOnGrowing() throws IOException {
        Path path = folder.resolve("j".repeat(252));
        String padding = "x".repeat(100_000);
        try (Journal journal = Journal.open(path)) {
            for (int version = 1; version <= 60; version++) {
                journal.append(job(version, padding));
            }
            assertTrue(journal.size() > 6_000_000, "" + journal.size());
        }
        try (Journal journal = Journal.open(path)) {
            assertEquals(60, only(journal.records()).getVersion());
            journal.append(job(61, padding));
        }
        Path moved = Files.move(path, folder.resolve("jobs.journal"));
        try (Journal journal = Journal.open(moved)) {
            assertEquals(61, only(journal.records()).getVersion());
            journal.compact();
            assertTrue(journal.size() < 200_000, "" + journal.size());
        }
        try (Stream<Path> left = Files.list(folder)) {
            assertEquals(List.of(moved), left.toList());
        }
    }

    private static JobRecord only(Collection<JobRecord> records) {
        assertEquals(1, records.size());
        return records.iterator().next();
    }

    private static JobRecord job(long version, String reason) {
        return JournaledJobsTest.record("a", version).toBuilder()
                .setReason(reason)
                .build();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
