package org.simreg.coordinator.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.coordinator.job.JobStore.PastJobs;
import org.simreg.proto.Job;
import org.simreg.proto.JobRecord;
import org.simreg.proto.JobState;

/** A home with many jobs that have ended: {@code -Dsimreg.test.past=1000000} makes them a million, with the figures. */
class ManyPastJobsTest {
    private static final int JOBS = Integer.getInteger("simreg.test.past", 2000);
    private static final int PAGE = 100;

    @TempDir
    Path home;

    private static JobRecord record(int number) {
        Job.Builder job = Job.newBuilder().setName("job-" + number);
        job.getDatasetBuilder().addPath("/data/pictures");
        job.addTeachersBuilder().setSource("/data/teachers/resnet50.pth.tar");
        job.getCheckpointsBuilder().setOutput("/runs/job-" + number);
        return JobRecord.newBuilder()
                .setId("job-" + number)
                .setRequestId("request-" + number)
                .setVersion(9)
                .setJob(job)
                .setState(number % 10 == 0 ? JobState.FAILED : JobState.SUCCEEDED)
                .setReason("all 300000 steps are done")
                .setSubmittedMs(1_700_000_000_000L + number)
                .setFolder("/runs/job-" + number)
                .build();
    }

    private static <T> T timed(String what, Supplier<T> work) {
        long begun = System.nanoTime();
        T done = work.get();
        System.out.printf("%s, of %d past jobs: %.1f ms%n", what, JOBS, (System.nanoTime() - begun) / 1e6);
        return done;
    }

    private static long used() {
        System.gc();
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }

    @Test
    void theyCostDiskOnly() throws Exception {
        Path folder = Files.createDirectories(home.resolve(JournaledJobs.ENDED));
        try (JobArchive archive = JobArchive.open(folder)) {
            for (int i = 0; i < JOBS; i++) {
                archive.add(record(i));
            }
            archive.sync();
        }
        long before = used();
        try (JournaledJobs store = timed("start", () -> JournaledJobs.open(home, Optional.empty()))) {
            assertTrue(timed("load", store::load).isEmpty());
            long more = used() - before;
            System.out.printf("%d bytes of heap for %d past jobs, %d on the disk%n", more, JOBS, size(folder));
            assertTrue(more < 64 << 20, more + " bytes of heap");
            PastJobs past = store.past().orElseThrow();
            assertEquals(Map.of(JobState.FAILED, JOBS / 10L, JobState.SUCCEEDED, JOBS - JOBS / 10L), past.states());
            assertEquals(
                    ids(JOBS - 1), ids(timed("first page", () -> past.newest(PastJobs.Place.FIRST, Set.of(), PAGE))));
            PastJobs.Place late = PastJobs.Place.of(record(PAGE));
            assertEquals(ids(PAGE - 1), ids(timed("last page", () -> past.newest(late, Set.of(), PAGE))));
            assertEquals(
                    record(JOBS / 2),
                    timed("one", () -> past.find("job-" + JOBS / 2)).orElseThrow());
            assertEquals(
                    record(7),
                    timed("one by its request", () -> past.requested("request-7"))
                            .orElseThrow());
            assertTrue(timed("none", () -> past.find("nobody")).isEmpty());
        }
    }

    private static List<String> ids(int newest) {
        return IntStream.range(0, PAGE).mapToObj(i -> "job-" + (newest - i)).toList();
    }

    private static List<String> ids(List<JobRecord> page) {
        return page.stream().map(JobRecord::getId).toList();
    }

    private static long size(Path folder) throws Exception {
        long bytes = 0;
        try (var files = Files.list(folder)) {
            for (Path file : files.toList()) {
                bytes += Files.size(file);
            }
        }
        return bytes;
    }
}
