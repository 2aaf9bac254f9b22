package org.simreg.coordinator.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.coordinator.job.CoordinatorSettings;
import org.simreg.coordinator.run.folder.TimedRunFolders;
import org.simreg.proto.JobState;
import org.simreg.proto.JobStatus;
import org.simreg.proto.Refused;
import org.simreg.proto.SubmitRequest;
import org.simreg.worker.base.concurrent.NamedThreads;

/** A run folder that doesn't answer, as on a mount whose server is gone: a file in it is a pipe. */
class HangingFolderTest {
    @TempDir
    Path base;

    private final ExecutorService thread = NamedThreads.one("coordinator");
    private final MemoryFolders folders = new MemoryFolders();
    private Coordinator coordinator;

    @BeforeEach
    void up() throws Exception {
        CoordinatorSettings setup = new CoordinatorSettings(
                World.VERSION, base, World.TIMES, () -> TimeUnit.NANOSECONDS.toMillis(System.nanoTime()), thread);
        TimedRunFolders patient = new TimedRunFolders(folders, Duration.ofMillis(700));
        coordinator = new Coordinator(setup, new MemoryStore(), patient);
        on(() -> {
            coordinator.start();
            return true;
        });
    }

    @AfterEach
    void down() throws Exception {
        on(() -> {
            coordinator.close();
            return true;
        });
        thread.shutdown();
    }

    private <T> T on(Callable<T> call) throws Exception {
        try {
            return thread.submit(call).get(20, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw (Exception) e.getCause();
        }
    }

    /** What a call gives in the end, while the coordinator's thread does other things. */
    private <T> T later(Callable<CompletionStage<T>> call) throws Exception {
        try {
            return on(call).toCompletableFuture().get(20, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw (Exception) e.getCause();
        }
    }

    private JobStatus submit(String name) throws Exception {
        return later(() -> coordinator.submit(
                SubmitRequest.newBuilder().setJob(World.job(name)).build()));
    }

    private CompletionStage<JobStatus> resume() {
        return coordinator.whenOpen("bad", () -> coordinator.resume("bad"));
    }

    private JobStatus status(String name) throws Exception {
        return on(() -> coordinator.get(name));
    }

    /** Opening a pipe to read waits until somebody opens it to write. */
    private Path pipe(String job) throws Exception {
        Path pipe = base.resolve("pipe");
        assertEquals(0, new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor());
        folders.of(base.resolve("runs").resolve(job).toString()).before = () -> {
            try (InputStream in = Files.newInputStream(pipe)) {
                assertEquals(-1, in.read());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        };
        return pipe;
    }

    @Test
    void aJobWhoseFolderIsSlowToMakeIsThereOnceAndHoldsUpNoOther() throws Exception {
        CountDownLatch server = new CountDownLatch(1);
        folders.making = folder -> {
            if (folder.endsWith("/slow")) {
                assertTrue(await(server));
            }
        };
        SubmitRequest slow = SubmitRequest.newBuilder()
                .setJob(World.job("slow"))
                .setRequestId("r")
                .build();
        CompletionStage<JobStatus> made = on(() -> coordinator.submit(slow));
        CompletionStage<JobStatus> again = on(() -> coordinator.submit(slow));
        assertEquals(JobState.QUEUED, submit("other").getState());
        SubmitRequest same =
                SubmitRequest.newBuilder().setJob(World.job("slow")).build();
        Refused taken = assertThrows(Refused.class, () -> on(() -> coordinator.submit(same)));
        assertEquals(Refused.Kind.EXISTS, taken.kind());
        assertThrows(Refused.class, () -> status("slow"));
        server.countDown();
        assertEquals("slow", later(() -> made).getId());
        assertEquals("slow", later(() -> again).getId());
        assertEquals(JobState.QUEUED, status("slow").getState());
        assertEquals(2, on(() -> coordinator.active().size()));
    }

    private static boolean await(CountDownLatch server) {
        try {
            return server.await(20, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            return false;
        }
    }

    @Test
    void holdsUpItsOwnJobOnlyWhichSaysSoAndCanBeCancelledAndGoesOnWhenItAnswers() throws Exception {
        submit("good");
        submit("bad");
        on(() -> coordinator.pause("bad"));
        Path pipe = pipe("bad");
        CompletionStage<JobStatus> resumed = on(this::resume);
        assertEquals(JobState.QUEUED, submit("second").getState());
        assertFalse(resumed.toCompletableFuture().isDone(), "nobody else waits for the folder");
        Refused refused = assertThrows(Refused.class, () -> later(() -> resumed));
        assertEquals(Refused.Kind.UNAVAILABLE, refused.kind());
        assertTrue(refused.getMessage().contains("runs/bad does not answer"), refused.getMessage());
        assertTrue(
                status("bad").getReason().contains("which does not answer"),
                status("bad").getReason());
        on(() -> {
            coordinator.tick();
            return true;
        });
        assertEquals(JobState.QUEUED, submit("third").getState());
        assertEquals(JobState.QUEUED, status("good").getState());
        assertEquals(JobState.CANCELLED, on(() -> coordinator.cancel("bad")).getState());
        assertThrows(Refused.class, () -> later(this::resume));
        // The server is back.
        folders.of(base.resolve("runs/bad").toString()).before = () -> {};
        Files.newOutputStream(pipe).close();
        CountDownLatch answered = new CountDownLatch(1);
        while (answered.getCount() > 0) {
            try {
                assertEquals(JobState.QUEUED, later(this::resume).getState());
                answered.countDown();
            } catch (Refused e) {
                assertTrue(Files.exists(base), "not yet");
            }
        }
        assertEquals(JobState.QUEUED, status("bad").getState());
    }
}
