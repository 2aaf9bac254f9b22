package org.simreg.coordinator.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.coordinator.job.JobStore.PastJobs.Place;
import org.simreg.proto.JobRecord;
import org.simreg.proto.JobState;
import org.simreg.proto.UserError;

class JobArchiveTest {
    @TempDir
    Path folder;

    private static JobRecord job(int number, long version, JobState state) {
        return JobRecord.newBuilder()
                .setId("job-" + number)
                .setRequestId("request-" + number)
                .setVersion(version)
                .setState(state)
                .setSubmittedMs(1000 + number)
                .build();
    }

    private static JobState state(int number) {
        return List.of(JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED).get(number % 3);
    }

    private static List<String> pages(JobArchive archive, Set<JobState> states, int size) {
        List<String> ids = new ArrayList<>();
        Place before = Place.FIRST;
        while (true) {
            List<JobRecord> page = archive.newest(before, states, size);
            page.forEach(job -> ids.add(job.getId()));
            if (page.size() < size) {
                return ids;
            }
            before = Place.of(page.get(page.size() - 1));
        }
    }

    @Test
    void aPageFarBackSkipsWhatIsNewerThanAllOfIt() {
        int count = 5 * ArchiveIndex.AT_ONCE + 100;
        try (JobArchive archive = JobArchive.open(folder)) {
            for (int i = 0; i < count; i++) {
                // Neighbours end in turn; one very old job ends last.
                int number = i == count - 1 ? -500 : i ^ 3;
                archive.add(job(number, 1, state(i)));
            }
            archive.sync();
            Place far = new Place(1000 + 700, "job-700");
            for (int time = 0; time < 2; time++) {
                List<JobRecord> page = archive.newest(far, Set.of(), 500);
                assertEquals(500, page.size());
                for (int i = 0; i < page.size(); i++) {
                    assertEquals("job-" + (699 - i), page.get(i).getId());
                }
                List<String> all = pages(archive, Set.of(), 500);
                assertEquals(count, all.size());
                assertEquals("job--500", all.get(count - 1));
            }
        }
    }

    @Test
    void jobsAreListedNewestFirstInWhateverOrderTheyEnded() {
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            order.add(i * 37 % 50);
        }
        try (JobArchive archive = JobArchive.open(folder)) {
            order.forEach(number -> archive.put(job(number, 1, state(number))));
        }
        try (JobArchive archive = JobArchive.open(folder)) {
            for (int size : List.of(1, 7, 50, 1000)) {
                List<String> ids = pages(archive, Set.of(), size);
                for (int i = 0; i < 50; i++) {
                    assertEquals("job-" + (49 - i), ids.get(i), "pages of " + size);
                }
                assertEquals(50, ids.size());
            }
            assertEquals(17, pages(archive, Set.of(JobState.FAILED), 5).size());
            assertEquals(
                    Map.of(JobState.SUCCEEDED, 17L, JobState.FAILED, 17L, JobState.CANCELLED, 16L), archive.states());
            assertEquals(1049, archive.newestMs());
            assertEquals(Optional.of(job(33, 1, state(33))), archive.find("job-33"));
            assertEquals(Optional.of(job(33, 1, state(33))), archive.requested("request-33"));
            assertEquals(Optional.empty(), archive.find("job-50"));
            assertEquals(Optional.empty(), archive.requested("job-33"));
        }
    }

    @Test
    void aJobThatGoesOnLeavesAndMayComeBack() {
        try (JobArchive archive = JobArchive.open(folder)) {
            archive.put(job(1, 1, JobState.FAILED));
            archive.put(job(2, 1, JobState.FAILED));
            archive.put(job(1, 2, JobState.QUEUED));
            assertEquals(Optional.empty(), archive.find("job-1"));
            assertEquals(Optional.empty(), archive.requested("request-1"));
            assertEquals(2, archive.version("job-1"));
            assertEquals(List.of("job-2"), pages(archive, Set.of(), 1));
            assertEquals(Map.of(JobState.FAILED, 1L), archive.states());
            archive.put(job(1, 5, JobState.SUCCEEDED));
        }
        try (JobArchive archive = JobArchive.open(folder)) {
            assertEquals(List.of("job-2", "job-1"), pages(archive, Set.of(), 10));
            assertEquals(5, archive.find("job-1").orElseThrow().getVersion());
            assertEquals(Map.of(JobState.FAILED, 1L, JobState.SUCCEEDED, 1L), archive.states());
        }
    }

    @Test
    void aTornOrDamagedIndexIsMadeAnewFromTheRecords() throws IOException {
        for (int i = 0; i < 3; i++) {
            try (JobArchive archive = JobArchive.open(folder)) {
                archive.put(job(i, 1, state(i)));
            }
        }
        Path index = folder.resolve(JobArchive.INDEX);
        byte[] whole = Files.readAllBytes(index);
        List<byte[]> cases = new ArrayList<>();
        int stride = Boolean.getBoolean("simreg.test.dense") ? 1 : 7;
        for (int length = 0; length < whole.length; length += stride) {
            cases.add(Arrays.copyOf(whole, length));
        }
        for (int bit = 0; bit < 8 * whole.length; bit += stride) {
            byte[] damaged = whole.clone();
            damaged[bit / 8] ^= (byte) (1 << bit % 8);
            cases.add(damaged);
        }
        cases.add(new byte[whole.length]);
        for (byte[] damaged : cases) {
            Files.write(index, damaged);
            try (JobArchive archive = JobArchive.open(folder)) {
                assertEquals(List.of("job-2", "job-1", "job-0"), pages(archive, Set.of(), 3));
                assertEquals(1, archive.states().get(JobState.SUCCEEDED));
            }
        }
    }

    @Test
    void aDamagedLastRecordIsNotCutButReported() throws IOException {
        try (JobArchive archive = JobArchive.open(folder)) {
            archive.put(job(1, 1, JobState.FAILED));
            archive.put(job(2, 1, JobState.FAILED));
        }
        Path records = folder.resolve(JobArchive.RECORDS);
        byte[] bytes = Files.readAllBytes(records);
        bytes[bytes.length - 1] ^= 1;
        Files.write(records, bytes);
        try (JobArchive archive = JobArchive.open(folder)) {
            assertEquals(List.of("job-1"), pages(archive, Set.of(), 10));
            assertThrows(UserError.class, () -> archive.find("job-2"));
        }
        Files.delete(folder.resolve(JobArchive.INDEX));
        UserError refused = assertThrows(UserError.class, () -> JobArchive.open(folder));
        assertTrue(refused.getMessage().contains("damaged in its last record"), refused.getMessage());
        // Cut off as a loss of power does.
        Files.write(records, Arrays.copyOf(bytes, bytes.length - 1));
        try (JobArchive archive = JobArchive.open(folder)) {
            assertEquals(List.of("job-1"), pages(archive, Set.of(), 10));
        }
    }

    /**
     * A record that the disk has neither taken nor let go of: after a restart the system shows it, and says that all is
     * well, but only what is written again is there after a loss of power.
     */
    @Test
    void whatADiskFailedToTakeIsWrittenAgainAfterARestart() throws IOException {
        FailingDisk disk = new FailingDisk();
        Path records = folder.resolve(JobArchive.RECORDS);
        byte[] durable;
        try (JobArchive archive = JobArchive.open(folder, disk)) {
            archive.put(job(1, 1, JobState.FAILED));
            durable = Files.readAllBytes(records);
            disk.syncsToFail = 1;
            disk.cutsFail = true;
            assertThrows(UserError.class, () -> archive.put(job(2, 1, JobState.FAILED)));
            assertFalse(archive.isCertain());
        }
        assertTrue(Files.size(records) > durable.length, "it was not cut off");
        FailingDisk after = new FailingDisk();
        try (JobArchive archive = JobArchive.open(folder, after)) {
            assertTrue(archive.find("job-2").isPresent(), "the system still shows it");
            archive.rewrite("job-2");
            archive.put(job(3, 1, JobState.FAILED));
        }
        byte[] disks = Arrays.copyOf(durable, (int) Files.size(records));
        after.written.forEach((at, bytes) -> System.arraycopy(bytes, 0, disks, (int) (long) at, bytes.length));
        Path other = Files.createDirectories(folder.resolve("after-the-loss"));
        Files.write(other.resolve(JobArchive.RECORDS), disks);
        try (JobArchive archive = JobArchive.open(other)) {
            assertEquals(List.of("job-3", "job-2", "job-1"), pages(archive, Set.of(), 10));
        }
    }

    private static final int JOBS = Integer.getInteger("simreg.test.jobs", ArchiveNames.RUN + 100);

    /** As many as have names in a file, and some more, or as many as you ask for. */
    @Test
    void namesOfManyJobsAreInFiles() throws IOException {
        try (JobArchive archive = JobArchive.open(folder)) {
            for (int number = 0; number < JOBS; number++) {
                archive.add(job(number, 1, state(number)));
            }
            archive.sync();
        }
        Path names = folder.resolve("names-0");
        byte[] whole = Files.readAllBytes(names);
        whole[1000] ^= 1;
        Files.write(names, whole);
        for (int round = 0; round < 2; round++) {
            long began = System.nanoTime();
            try (JobArchive archive = JobArchive.open(folder)) {
                long opened = System.nanoTime();
                for (int number : List.of(0, 1, 100, ArchiveNames.RUN - 1, ArchiveNames.RUN, JOBS - 1)) {
                    assertEquals(
                            "job-" + number,
                            archive.find("job-" + number).orElseThrow().getId());
                    assertTrue(archive.requested("request-" + number).isPresent());
                }
                assertEquals(Optional.empty(), archive.find("job-" + JOBS));
                long found = System.nanoTime();
                assertEquals(1000, archive.newest(Place.FIRST, Set.of(), 1000).size());
                assertEquals(
                        10 - round,
                        archive.newest(new Place(1010, "job-10"), Set.of(), 1000)
                                .size());
                System.out.printf(
                        "of %d opened in %d ms, 13 found in %d ms, two pages in %d ms%n",
                        JOBS,
                        (opened - began) / 1_000_000,
                        (found - opened) / 1_000_000,
                        (System.nanoTime() - found) / 1_000_000);
                JobRecord again = job(5, 2, JobState.RUNNING);
                if (round == 0) {
                    archive.put(again);
                }
                assertEquals(Optional.empty(), archive.find("job-5"));
            }
        }
    }
}
