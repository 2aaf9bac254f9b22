package org.simreg.bench;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.bench.attack.picture.HostilePictures;
import org.simreg.coordinator.cli.Command;
import org.simreg.coordinator.grpc.client.ApiClient;
import org.simreg.coordinator.node.SmallJob;
import org.simreg.proto.Job;
import org.simreg.proto.JobRequest;
import org.simreg.proto.JobState;
import org.simreg.proto.JobStatus;
import org.simreg.proto.SubmitRequest;

/** A picture at which a worker's process ends, as by a crash of a library or the kernel's killer: here by SIGKILL. */
@Tag("processes")
@Timeout(600)
class FatalPictureProcessTest {
    private static final String PICTURE = "fatal.jpg";

    /** As in the files of {@code DecodeMarks}. */
    private static final int SLOT = 5 << 10;

    @TempDir
    Path folder;

    private Processes processes;
    private ApiClient client;

    @AfterEach
    void close() {
        client.close();
        processes.close();
    }

    private static void until(BooleanSupplier so, String what) {
        long end = System.nanoTime() + Duration.ofMinutes(3).toNanos();
        while (!so.getAsBoolean()) {
            assertTrue(System.nanoTime() < end, what);
            LockSupport.parkNanos(Duration.ofMillis(5).toNanos());
        }
    }

    private JobStatus status(String job) {
        return client.ask(jobs -> jobs.get(JobRequest.newBuilder().setId(job).build()));
    }

    private void submit(Job job) {
        client.ask(jobs -> jobs.submit(SubmitRequest.newBuilder().setJob(job).build()));
    }

    /** Whether some process of the worker is decoding the picture, or was when it ended. */
    private boolean isMarked(String worker) {
        try (Stream<Path> files = Files.walk(processes.directory(worker).resolve("cache"))) {
            return files.filter(file -> file.toString().endsWith(".marks")).anyMatch(FatalPictureProcessTest::names);
        } catch (IOException e) {
            return false;
        }
    }

    private static boolean names(Path marks) {
        byte[] all;
        try {
            all = Files.readAllBytes(marks);
        } catch (IOException e) {
            return false;
        }
        ByteBuffer slots = ByteBuffer.wrap(all);
        for (int at = 0; at + SLOT <= all.length; at += SLOT) {
            String said = new String(all, at + 8, SLOT - 8, StandardCharsets.ISO_8859_1);
            if (slots.getInt(at) > 0 && said.contains(PICTURE)) {
                return true;
            }
        }
        return false;
    }

    @Test
    @EnabledIfSystemProperty(named = "simreg.test.kills", matches = "\\d+")
    void failsItsJobByNameAtTheThirdStartAndTheNextJobRuns() throws IOException {
        Path good = SmallJob.pictures(folder.resolve("good"));
        Path bad = SmallJob.pictures(folder.resolve("bad"));
        try (Stream<Path> classes = Files.list(bad.resolve("train"))) {
            Files.write(classes.findFirst().orElseThrow().resolve(PICTURE), HostilePictures.slow());
        }
        String teacher = SmallJob.teacher(folder.resolve("teacher.safetensors")).toString();
        String student = SmallJob.student(folder.resolve("student.pt")).toString();
        processes = new Processes(folder.resolve("processes"), List.of("w0"), Command.compilation());
        processes.coordinator();
        client = processes.client();
        processes.worker("w0");
        submit(SmallJob.of("bad", bad.toString(), teacher, student, 30));
        submit(SmallJob.of("good", good.toString(), teacher, student, 6));
        for (int time = 1; time <= 2; time++) {
            until(() -> isMarked("w0"), "the picture is not decoded: " + status("bad"));
            processes.kill("w0");
            assertTrue(isMarked("w0"), "it was decoded before the process ended");
            processes.worker("w0");
            until(() -> !isMarked("w0"), "the mark is not read: " + status("bad"));
        }
        until(() -> status("bad").getState() == JobState.FAILED, "the job goes on: " + status("bad"));
        String reason = status("bad").getReason();
        assertTrue(reason.contains(PICTURE + " has ended a worker twice"), reason);
        until(() -> status("good").getState() == JobState.SUCCEEDED, "the next job waits: " + status("good"));
    }
}
