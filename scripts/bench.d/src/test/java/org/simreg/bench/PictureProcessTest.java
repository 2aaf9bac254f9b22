package org.simreg.bench;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.coordinator.grpc.client.ApiClient;
import org.simreg.coordinator.node.SmallJob;
import org.simreg.proto.Job;
import org.simreg.proto.JobRequest;
import org.simreg.proto.JobState;
import org.simreg.proto.JobStatus;
import org.simreg.proto.SubmitRequest;

/**
 * Workers that end by SIGKILL while they decode one picture. No known picture ends a worker by itself, as memory and work
 * are bounded before; to the coordinator this is the same.
 */
@Tag("processes")
@Timeout(240)
class PictureProcessTest {
    private static final List<String> WORKERS = List.of("w0", "w1");
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    @TempDir
    Path folder;

    private Processes processes;

    private Path data() throws IOException {
        Path data = SmallJob.pictures(folder.resolve("data"));
        ImageIO.write(
                new BufferedImage(9000, 9000, BufferedImage.TYPE_BYTE_BINARY),
                "png",
                slow(data).toFile());
        return data;
    }

    private static Path slow(Path data) throws IOException {
        try (Stream<Path> files = Files.walk(data.resolve("train"))) {
            return files.filter(Files::isRegularFile).findFirst().orElseThrow().resolveSibling("slow.png");
        }
    }

    @Test
    void aPictureThatHasEndedAWorkerTwiceFailsItsJobByName() throws IOException {
        Path data = data();
        Path teacher = SmallJob.teacher(folder.resolve("teacher.safetensors"));
        Path student = SmallJob.student(folder.resolve("student.pt"));
        Job.Builder job = SmallJob.of("ends", data.toString(), teacher.toString(), student.toString(), 300).toBuilder();
        job.getPlacementBuilder().setMaxWorkers(1);
        job.getCheckpointsBuilder().setOutput(folder.resolve("run").toString());
        String picture = data.relativize(slow(data)).toString();
        try (Processes started =
                new Processes(folder.resolve("processes"), WORKERS, List.of("-XX:TieredStopAtLevel=1"))) {
            processes = started;
            processes.coordinator();
            WORKERS.forEach(processes::worker);
            try (ApiClient client = processes.client()) {
                SubmitRequest request = SubmitRequest.newBuilder().setJob(job).build();
                String id = client.ask(jobs -> jobs.submit(request)).getId();
                try (Follower events = new Follower(client, id)) {
                    processes.worker(killedAtThePicture());
                    events.next(event -> event.getNotice().getText().contains(picture + ": if one does so again"));
                    processes.worker(killedAtThePicture());
                    events.state(JobState.FAILED);
                }
                JobRequest ended = JobRequest.newBuilder().setId(id).build();
                JobStatus status = client.ask(jobs -> jobs.get(ended));
                assertTrue(
                        status.getReason().contains(picture + " has ended a worker twice, the last time on"),
                        status.getReason());
                assertTrue(status.getRefused());
            }
        }
    }

    private String killedAtThePicture() {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (System.nanoTime() < deadline) {
            Optional<String> found = WORKERS.stream().filter(this::decodesIt).findFirst();
            if (found.isPresent()) {
                processes.kill(found.get());
                return found.get();
            }
            LockSupport.parkNanos(5_000_000);
        }
        throw new AssertionError("no worker decodes the picture; logs in " + folder);
    }

    private boolean decodesIt(String worker) {
        Path marks = processes.directory(worker).resolve("cache/simreg/decoding");
        if (!Files.isDirectory(marks)) {
            return false;
        }
        try (Stream<Path> files = Files.list(marks)) {
            for (Path file : files.toList()) {
                if (marks(file)) {
                    return true;
                }
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        return false;
    }

    /** One decode thread has the first mark only. */
    private static boolean marks(Path file) throws IOException {
        try {
            byte[] all = Files.readAllBytes(file);
            String text = new String(all, StandardCharsets.ISO_8859_1);
            return all.length > 5120 && all[3] != 0 && text.substring(0, 5120).contains("slow.png");
        } catch (NoSuchFileException taken) {
            return false;
        }
    }
}
