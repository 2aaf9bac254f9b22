package org.simreg.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.coordinator.cli.Command;
import org.simreg.coordinator.grpc.client.ApiClient;
import org.simreg.coordinator.node.SmallJob;
import org.simreg.coordinator.node.WorkerNode;
import org.simreg.proto.Job;
import org.simreg.proto.JobRequest;
import org.simreg.proto.JobState;
import org.simreg.proto.JobStatus;
import org.simreg.proto.ListWorkersRequest;
import org.simreg.proto.SubmitRequest;
import org.simreg.proto.WorkerStatus;
import org.simreg.worker.engine.torch.CodeArchive;
import org.simreg.worker.engine.torch.ScriptSource;

/** A device that fails as a broken GPU does: here a teacher in whose code libtorch throws what it throws then. */
@Tag("processes")
@Timeout(600)
class BrokenDeviceProcessTest {
    private static final String FAULT = "an illegal memory access was encountered";

    @TempDir
    Path folder;

    private Processes processes;
    private ApiClient client;

    @AfterEach
    void close() {
        client.close();
        processes.close();
    }

    private static void until(Supplier<String> otherwise) {
        long end = System.nanoTime() + Duration.ofMinutes(3).toNanos();
        for (String so = otherwise.get(); !so.isEmpty(); so = otherwise.get()) {
            assertTrue(System.nanoTime() < end, so);
            LockSupport.parkNanos(Duration.ofMillis(5).toNanos());
        }
    }

    private JobStatus status(String job) {
        return client.ask(jobs -> jobs.get(JobRequest.newBuilder().setId(job).build()));
    }

    private List<WorkerStatus> workers() {
        ListWorkersRequest all = ListWorkersRequest.getDefaultInstance();
        return client.ask(jobs -> jobs.listWorkers(all)).getWorkersList();
    }

    private void submit(Job job) {
        client.ask(jobs -> jobs.submit(SubmitRequest.newBuilder().setJob(job).build()));
    }

    private Path broken() throws IOException {
        String code = new ScriptSource()
                .method("forward(self, x: Tensor) -> Tensor")
                .line("ops.prim.RaiseException(\"CUDA error: %s\", \"builtins.RuntimeError\")", FAULT)
                .line("return x")
                .toString();
        return Files.write(folder.resolve("broken.pt"), CodeArchive.of("Broken", List.of(), code));
    }

    @Test
    @EnabledIfSystemProperty(named = "simreg.test.kills", matches = "\\d+")
    void endsItsProcessWithCode75AndIsLeftOutAfterTwoEnds() throws IOException {
        String data = SmallJob.pictures(folder.resolve("data")).toString();
        String teacher = SmallJob.teacher(folder.resolve("teacher.safetensors")).toString();
        String student = SmallJob.student(folder.resolve("student.pt")).toString();
        processes = new Processes(folder.resolve("processes"), List.of("w0", "w1"), Command.compilation());
        processes.coordinator();
        client = processes.client();
        Job.Builder bad = SmallJob.of("bad", data, teacher, student, 6).toBuilder();
        bad.getTeachersBuilder(0).setSource("torchscript:" + broken()).clearNetwork();
        submit(bad.build());
        for (int time = 1; time <= 2; time++) {
            processes.worker("w0");
            assertEquals(WorkerNode.AGAIN, processes.end("w0"), Files.readString(processes.log("w0")));
        }
        processes.worker("w0");
        until(() -> workers().stream().anyMatch(worker -> worker.getState() == WorkerStatus.State.BROKEN)
                ? ""
                : "it is used: " + workers());
        String reason = workers().get(0).getReason();
        assertTrue(reason.startsWith("cpu has failed 2 times within a day, the last time at "), reason);
        assertTrue(reason.contains("(" + FAULT + "), and is left out"), reason);
        assertTrue(
                status("bad").getReason().contains("is left out"), status("bad").getReason());
        client.ask(jobs -> jobs.cancel(JobRequest.newBuilder().setId("bad").build()));
        submit(SmallJob.of("good", data, teacher, student, 6));
        processes.worker("w1");
        until(() -> status("good").getState() == JobState.SUCCEEDED ? "" : "the other is not used: " + status("good"));
        assertEquals(WorkerStatus.State.BROKEN, workers().get(0).getState());
    }
}
