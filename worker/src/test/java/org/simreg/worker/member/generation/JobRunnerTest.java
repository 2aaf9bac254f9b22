package org.simreg.worker.member.generation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.proto.Job;
import org.simreg.proto.JobSettings;
import org.simreg.proto.Prepare;
import org.simreg.proto.Report;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.Notices;
import org.simreg.worker.data.storage.WorkerSettings;
import org.simreg.worker.train.JobLoader;
import org.simreg.worker.train.LoadedJob;

class JobRunnerTest {
    private static final List<String> PROPERTIES =
            List.of("aws.endpointUrlS3", "aws.region", "aws.accessKeyId", "aws.secretAccessKey");

    private static final byte[] ERROR =
            "HTTP/1.1 500 Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

    @TempDir
    Path folder;

    private final ConcurrentLinkedQueue<Report> reports = new ConcurrentLinkedQueue<>();

    private JobRunner runner() {
        WorkerSettings settings = new WorkerSettings("cpu", 1, 1, folder.resolve("cache"));
        return runner((job, notices) -> JobLoader.open(job, settings, notices));
    }

    private JobRunner runner(LoadedJob.Opener opener) {
        WorkerContext.Jobs jobs = new WorkerContext.Jobs(opener, Optional.empty());
        Job.Builder job = Job.newBuilder().setName("far");
        job.getDatasetBuilder().addPath("s3://dead/data");
        job.addTeachersBuilder().setSource("self");
        Prepare prepare = Prepare.newBuilder()
                .setJob("far")
                .setSettings(JobSettings.complete(job.build()))
                .build();
        WorkerContext context = new WorkerContext("w", jobs, Map.of(), null, WorkerContext.Observer.NONE);
        return new JobRunner(prepare, context, report -> reports.add(report.build()));
    }

    /** For five minutes a service that gives errors is asked again. */
    @Test
    @Timeout(60)
    void aJobThatIsGivenUpWhileItsBucketIsAwayEndsAtTheNextAttempt() throws Exception {
        PROPERTIES.forEach(name -> System.setProperty(name, "any"));
        try (ServerSocket service = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
            System.setProperty(PROPERTIES.get(0), "http://127.0.0.1:" + service.getLocalPort());
            JobRunner runner = runner();
            runner.start();
            refuse(service);
            refuse(service);
            try (Socket asked = service.accept()) {
                asked.getInputStream().read();
                assertFalse(runner.ended().isDone());
                runner.drop();
                asked.getOutputStream().write(ERROR);
            }
            runner.ended().get(30, TimeUnit.SECONDS);
            assertEquals(List.of(), List.copyOf(reports));
        } finally {
            PROPERTIES.forEach(System::clearProperty);
        }
    }

    @Test
    @Timeout(60)
    void aJobWhoseStorageGivesNoAnswerIsGivenUpAndItsThreadLeftBehind() throws Exception {
        CompletableFuture<Void> reads = new CompletableFuture<>();
        CompletableFuture<Void> answer = new CompletableFuture<>();
        JobRunner runner = runner((job, notices) -> notices.waiting(() -> {
            try (Notices.Mark reading = notices.reading("/mount/data")) {
                reads.complete(null);
                answer.exceptionally(failure -> null).join(); // as a read, which no interrupt wakes
                throw new UserError("there is nothing to load, " + reading);
            }
        }));
        runner.start();
        reads.get(30, TimeUnit.SECONDS);
        runner.look(120_000);
        assertFalse(runner.ended().isDone());
        runner.look(1);
        runner.ended().get(30, TimeUnit.SECONDS);
        Report report = reports.remove();
        assertTrue(report.getFailed().getNoAnswer(), report.toString());
        assertEquals(
                "/mount/data gives no answer; look at its storage",
                report.getFailed().getReason());
        assertEquals(Optional.of("/mount/data"), runner.hangsIn());
        assertEquals(Optional.empty(), runner.holding());
        answer.complete(null);
        while (runner.hangsIn().isPresent()) {
            Thread.onSpinWait();
        }
        assertEquals(List.of(), List.copyOf(reports));
    }

    private static void refuse(ServerSocket service) throws IOException {
        try (Socket asked = service.accept()) {
            asked.getInputStream().read();
            asked.getOutputStream().write(ERROR);
        }
    }
}
