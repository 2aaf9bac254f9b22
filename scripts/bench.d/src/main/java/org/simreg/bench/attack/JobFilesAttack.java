package org.simreg.bench.attack;

import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.simreg.proto.Job;
import org.simreg.proto.JobEvent;
import org.simreg.proto.JobState;
import org.simreg.proto.JobStatus;
import org.simreg.proto.JobsGrpc;
import org.simreg.proto.SubmitRequest;
import org.simreg.proto.WatchRequest;

/**
 * An attack on workers and coordinator by jobs whose files are traps: pipes, devices and holes as pictures, lists,
 * tars, Parquet files, classes, teachers and first states, and run folders of pipes. Each must be refused, or fail, with one sentence.
 */
public final class JobFilesAttack {
    private static final Set<JobState> ENDED = EnumSet.of(JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED);
    private static final int SECONDS = 120;
    private static final String LABELS = "labels of 6 GB of nothing";
    private static final String RUN = "a run folder of pipes";

    /** What must be answered, where it is not that the job has failed. Labels are read for a flat val only. */
    private static final Map<String, String> WANTED =
            Map.of(LABELS, "SUCCEEDED: .+", RUN, "ALREADY_EXISTS: The run folder .+");

    private JobFilesAttack() {}

    /**
     * @param arguments host and port of a coordinator with workers; a folder that all see; a folder of pictures
     */
    public static void main(String[] arguments) throws Exception {
        Path folder = Files.createDirectories(Path.of(arguments[1]).toAbsolutePath());
        Path pictures = Path.of(arguments[2]).toAbsolutePath();
        Path pipe = pipe(folder.resolve("pipe"));
        Path hole = hole(folder.resolve("hole.safetensors"));
        Map<String, Job.Builder> jobs = new LinkedHashMap<>();
        jobs.put("pictures that are a pipe", job(folder, pipe, "self"));
        jobs.put("pictures that are /dev", job(folder, Path.of("/dev"), "self"));
        jobs.put("a teacher that is a pipe", job(folder, pictures, pipe.toString()));
        jobs.put("a teacher that is /dev/zero", job(folder, pictures, "/dev/zero"));
        jobs.put("a teacher of 6 GB of nothing", job(folder, pictures, hole.toString()));
        jobs.put("a TorchScript teacher that is /dev/random", job(folder, pictures, "torchscript:/dev/random"));
        jobs.put(
                "a teacher whose pickle unpacks to 2 GB",
                job(folder, pictures, bomb(folder.resolve("bomb.pth")).toString()));
        for (String source : List.of("list:", "tar:", "parquet:")) {
            for (Path trap : List.of(pipe, hole, Path.of("/dev/zero"))) {
                jobs.put(source + " that is " + trap.getFileName(), from(folder, source + trap));
            }
        }
        jobs.put("a list of one field that never ends", from(folder, "list:" + quoted(folder.resolve("quoted.csv"))));
        Job.Builder classes = job(folder, pictures, "self");
        classes.getDatasetBuilder().setClassesFile(pipe.toString());
        jobs.put("a list of classes that is a pipe", classes);
        Job.Builder labels = job(folder, pictures, "self");
        labels.getDatasetBuilder().setValLabels(hole.toString());
        jobs.put(LABELS, labels);
        Job.Builder init = job(folder, pictures, "self");
        init.getStudentBuilder().setInit(pipe.toString());
        jobs.put("a first state that is a pipe", init);
        Job.Builder run = job(folder, pictures, "self");
        Path taken = Files.createDirectories(folder.resolve("run-of-pipes"));
        pipe(taken.resolve("events.log"));
        pipe(taken.resolve(".lock"));
        run.getCheckpointsBuilder().setOutput(taken.toString());
        jobs.put(RUN, run);
        try (AttackedBanks attacked = new AttackedBanks("job files", arguments[0])) {
            jobs.forEach((what, job) -> {
                SubmitRequest request = SubmitRequest.newBuilder()
                        .setRequestId("trap-" + System.nanoTime())
                        .setJob(job)
                        .build();
                attacked.trial(what, WANTED.getOrDefault(what, AttackedBanks.FAILED), () -> ended(attacked, request));
            });
        }
    }

    private static JobsGrpc.JobsBlockingStub jobs(AttackedBanks attacked) {
        return JobsGrpc.newBlockingStub(attacked.channel()).withDeadlineAfter(SECONDS, TimeUnit.SECONDS);
    }

    private static String ended(AttackedBanks attacked, SubmitRequest request) {
        JobStatus status = jobs(attacked).submit(request);
        var events = jobs(attacked)
                .watch(WatchRequest.newBuilder().setId(status.getId()).build());
        JobState state = JobState.QUEUED;
        String reason = "";
        while (!ENDED.contains(state) && events.hasNext()) {
            JobEvent event = events.next();
            if (event.getProgress().hasState()) {
                state = event.getProgress().getState().getState();
                reason = event.getProgress().getState().getReason();
            }
        }
        // The event's: the status may come from before it for a moment.
        return state + ": " + reason;
    }

    private static Job.Builder job(Path folder, Path data, String teacher) {
        Job.Builder job = Job.newBuilder().setName("trap");
        job.getDatasetBuilder().addPath(data.toString()).setLimitClasses(3);
        job.addTeachersBuilder().setSource(teacher);
        job.getViewsBuilder().setSize(32);
        job.getOptimizationBuilder().setBatch(8).setEpochs(1);
        // First, so that it is tried while the training goes on.
        job.getPlacementBuilder().setPriority(9);
        job.getCheckpointsBuilder()
                .setOutput(folder.resolve("run-" + System.nanoTime()).toString());
        return job;
    }

    private static Job.Builder from(Path folder, String source) {
        Job.Builder job = job(folder, folder, "self");
        job.getDatasetBuilder().clearPath().addPath(source).clearLimitClasses();
        return job;
    }

    /** 1 GB behind a quote that nothing closes. */
    private static Path quoted(Path file) throws IOException {
        byte[] text = new byte[1 << 20];
        Arrays.fill(text, (byte) 'a');
        try (OutputStream out = Files.newOutputStream(file)) {
            out.write("path,class\n\"".getBytes(StandardCharsets.US_ASCII));
            for (int i = 0; i < 1000; i++) {
                out.write(text);
            }
        }
        return file;
    }

    private static Path pipe(Path file) throws IOException, InterruptedException {
        Files.deleteIfExists(file);
        new ProcessBuilder("mkfifo", file.toString()).inheritIO().start().waitFor();
        return file;
    }

    /** An archive of PyTorch's form. */
    private static Path bomb(Path file) throws IOException {
        byte[] none = new byte[1 << 20];
        Arrays.fill(none, (byte) 'N');
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
            zip.putNextEntry(new ZipEntry("archive/data.pkl"));
            zip.write(new byte[] {(byte) 0x80, 2});
            for (int i = 0; i < 2000; i++) {
                zip.write(none);
            }
        }
        return file;
    }

    private static Path hole(Path file) throws IOException {
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.setLength(6_000_000_000L);
        }
        return file;
    }
}
