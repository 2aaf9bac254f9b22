package org.simreg.bench.attack;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.simreg.coordinator.grpc.client.ApiClient;
import org.simreg.coordinator.grpc.client.ClientCredentials;
import org.simreg.coordinator.grpc.client.HostPort;
import org.simreg.coordinator.job.file.JobFile;
import org.simreg.proto.Job;
import org.simreg.proto.JobSettings;
import org.simreg.proto.SubmitRequest;
import org.simreg.proto.SubmitRequest.Existing;
import org.simreg.proto.UserError;

/**
 * An attack by symbolic links in run folders: each file and folder of a run is a link to somebody else's, and a job is
 * submitted that would take the folder, resume the run in it or overwrite it.
 */
public final class LinkAttack {
    private static final List<String> FILES = List.of(
            ".lock",
            "ledger.jsonl",
            "events.log",
            "metrics.jsonl",
            "report.html",
            "checkpoints/step-00000004.safetensors",
            "student/mobilenet_v2.onnx",
            "student-best/mobilenet_v2.onnx",
            "student-average/mobilenet_v2.onnx",
            "features/teacher-1.features");
    private static final List<String> FOLDERS =
            List.of("checkpoints", "student", "student-best", "student-average", "features");
    private static final int PATIENCE_SECONDS = 120;
    private static final String THEIRS = "somebody's only copy";

    private LinkAttack() {}

    /**
     * Prints one line; ends with 1 if a job was taken or a file changed.
     *
     * @param arguments HOST:PORT of a coordinator on this machine, and a folder below its roots
     */
    public static void main(String[] arguments) throws IOException {
        Path folder = Files.createDirectories(Path.of(arguments[1])).toRealPath();
        Path theirs = folder.resolve("theirs");
        for (String name : FILES) {
            Files.createDirectories(theirs.resolve(name).getParent());
            Files.writeString(theirs.resolve(name), THEIRS);
        }
        int tried = 0;
        int refused = 0;
        HostPort address = HostPort.parse("HOST:PORT", arguments[0], HostPort.PORT);
        ClientCredentials nobody = new ClientCredentials(Optional.empty(), Optional.empty());
        try (ApiClient client = ApiClient.open(address, Duration.ofSeconds(30), nobody)) {
            for (Existing existing : List.of(Existing.REFUSE, Existing.RESUME, Existing.OVERWRITE)) {
                for (List<String> names : List.of(FILES, FOLDERS)) {
                    for (String name : names) {
                        Path run = folder.resolve("run-" + tried++);
                        refused += isRefused(client, job(run, theirs, name), existing) ? 1 : 0;
                    }
                }
            }
        }
        long changed = 0;
        for (String name : FILES) {
            Path file = theirs.resolve(name);
            changed += Files.exists(file) && Files.readString(file).equals(THEIRS) ? 0 : 1;
        }
        System.out.printf("links: %d of %d run folders refused, %d files outside changed%n", refused, tried, changed);
        System.exit(refused == tried && changed == 0 ? 0 : 1);
    }

    /** A run folder with one link in it. */
    private static Job job(Path run, Path theirs, String name) throws IOException {
        Job.Builder asked = Job.newBuilder().setName("links");
        asked.getDatasetBuilder().clearPath().addPath(run.resolve("none").toString());
        asked.addTeachersBuilder().setSource("self");
        asked.getCheckpointsBuilder().setOutput(run.toString());
        Job job = JobSettings.complete(asked.build());
        Path link = run.resolve(name);
        Files.createDirectories(link.getParent());
        Files.createSymbolicLink(link, theirs.resolve(name));
        Files.writeString(run.resolve(JobFile.NAME), JobFile.yaml(job));
        return job;
    }

    /** Whether it is refused as a link; another error, as of a coordinator that can't be reached, is tried again. */
    private static boolean isRefused(ApiClient client, Job job, Existing existing) {
        SubmitRequest request =
                SubmitRequest.newBuilder().setJob(job).setExisting(existing).build();
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (true) {
            try {
                System.out.println("links: taken as " + client.ask(jobs -> jobs.submit(request)));
                return false;
            } catch (UserError e) {
                if (e.getMessage().contains("link")) {
                    return true;
                }
                if (System.nanoTime() > end) {
                    System.out.println("links: " + e.getMessage());
                    return false;
                }
                LockSupport.parkNanos(TimeUnit.SECONDS.toNanos(1));
            }
        }
    }
}
