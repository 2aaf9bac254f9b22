package org.simreg.coordinator.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.coordinator.grpc.Served;
import org.simreg.coordinator.job.file.JobFile;
import org.simreg.proto.Job;
import org.simreg.proto.JobState;

@Timeout(60)
class ClientCommandsTest {
    private static final String[] JOB = {"--data=photos", "--teacher=moco.pth.tar"};

    @TempDir
    Path folder;

    private final Served served = Served.onPort();
    private final Terminal terminal = new Terminal();

    @AfterEach
    void close() {
        served.close();
    }

    private int run(String... args) {
        String[] all = new String[args.length + 1];
        System.arraycopy(args, 0, all, 0, args.length);
        all[args.length] = "--coordinator=localhost:" + served.server.port();
        return terminal.run(all);
    }

    private int submit(String... more) {
        String[] args = new String[more.length + JOB.length + 1];
        args[0] = "submit";
        System.arraycopy(JOB, 0, args, 1, JOB.length);
        System.arraycopy(more, 0, args, 1 + JOB.length, more.length);
        return run(args);
    }

    private Job submitted(String id) throws Exception {
        return served.call(() -> served.jobs.get(id).getJob());
    }

    @Test
    void theJobIsSentWithPathsThatHoldEverywhere() throws Exception {
        assertEquals(0, submit("--teacher=torchscript:t.pt", "--init=/w/i.pt", "--epochs=3"));
        assertEquals("job-1 (resnet18-photos) is queued: needs 1 worker, none attends\n", terminal.out);
        Job job = submitted("job-1");
        Path here = Path.of("").toAbsolutePath();
        assertEquals(here + "/photos", job.getDataset().getPath(0));
        assertEquals(here + "/moco.pth.tar", job.getTeachers(0).getSource());
        assertEquals("torchscript:" + here + "/t.pt", job.getTeachers(1).getSource());
        assertEquals("/w/i.pt", job.getStudent().getInit());
        assertEquals(here + "/runs/resnet18-photos", job.getCheckpoints().getOutput());
        assertEquals(3, job.getOptimization().getEpochs());
    }

    @Test
    void ofARunFolderThatIsHereTheNewestCheckpointIsMeant(@TempDir Path run) throws Exception {
        Path checkpoints = Files.createDirectory(run.resolve("checkpoints"));
        Files.createFile(checkpoints.resolve("step-00000002.safetensors"));
        Path newest = Files.createFile(checkpoints.resolve("step-00000010.safetensors"));
        assertEquals(0, submit("--restart=" + run, "--student-module=net.pt"));
        Job job = submitted("job-1");
        assertEquals(newest.toString(), job.getStudent().getRestart());
        assertEquals(
                Path.of("net.pt").toAbsolutePath().toString(), job.getStudent().getModule());
        assertEquals(2, submit("--restart=" + run.getRoot().resolve("dev"), "--name=other"));
        assertTrue(terminal.err.contains("it holds no checkpoint"), terminal.err);
    }

    @Test
    void whatHasASchemeOrIsNoFileStaysAsItIs() throws Exception {
        assertEquals(0, run("submit", "--data=s3://bucket/a/../b", "--teacher=self", "--out=file:///x"));
        Job job = submitted("job-1");
        assertEquals("s3://bucket/a/../b", job.getDataset().getPath(0));
        assertEquals("self", job.getTeachers(0).getSource());
        assertEquals("file:///x", job.getCheckpoints().getOutput());
    }

    @Test
    void aJobFileIsSubmittedWithTheOptionsLaidOverIt() throws Exception {
        Path file = folder.resolve("job.yaml");
        Files.writeString(file, "{name: mine, dataset: {path: d}, teachers: [{source: t.pt}], seed: 4}");
        assertEquals(0, run("submit", file.toString(), "--seed=5", "-q"));
        assertEquals("job-1\n", terminal.out);
        assertEquals("mine", submitted("job-1").getName());
        assertEquals(5, submitted("job-1").getSeed());
    }

    @Test
    void submittingAgainWithTheSameRequestIdGivesTheSameJob() {
        assertEquals(0, submit("--request-id=nightly", "-q"));
        assertEquals(0, submit("--request-id=nightly", "-q"));
        assertEquals("job-1\n", terminal.out);
        assertEquals(0, submit("-q"));
        assertEquals("job-2\n", terminal.out);
    }

    @Test
    void aPrintedJobIsNotSubmitted() throws Exception {
        assertEquals(0, submit("--print-job"));
        assertTrue(JobFile.parse("out", terminal.out).getDataset().getPath(0).startsWith("/"));
        assertEquals(0, (int) served.call(() -> served.jobs.submits));
    }

    @Test
    void aWrongJobIsRefusedHereWithExitCodeTwo() throws Exception {
        assertEquals(2, submit("--momentum=3"));
        assertTrue(terminal.err.startsWith("simreg: The job is refused: optimization.momentum"));
        assertEquals(2, submit("--resume", "--overwrite"));
        assertEquals(0, (int) served.call(() -> served.jobs.submits));
    }

    @Test
    void aRefusalOfTheCoordinatorIsItsOwnSentenceAndExitCodeOne() {
        assertEquals(1, submit("--out=" + folder.resolve("taken")));
        assertEquals("simreg: The run folder taken is not empty\n", terminal.err);
    }

    @Test
    void jobsAreATableWhoseReasonsComeWhenAskedFor() throws Exception {
        submit();
        submit("--name=second");
        run("pause", "second");
        assertEquals(0, run("jobs"));
        List<String> lines = terminal.out.lines().toList();
        assertEquals(3, lines.size());
        assertTrue(lines.get(0).startsWith("ID     NAME"), terminal.out);
        assertTrue(lines.get(1).matches("job-1 +resnet18-photos +queued .*"), terminal.out);
        assertFalse(terminal.out.contains("none attends"));
        assertEquals(0, run("jobs", "-v", "--state=paused,failed"));
        assertTrue(terminal.out.contains("asked for by a client"), terminal.out);
        assertFalse(terminal.out.contains("job-1"), terminal.out);
        assertEquals(2, run("jobs", "--state=pausd"));
        assertTrue(terminal.err.contains("did you mean paused?"), terminal.err);
    }

    @Test
    void aJobIsMovedByIdNameOrUniqueBeginning() throws Exception {
        submit("--name=alpha-1");
        submit("--name=alpha-2");
        submit("--name=beta");
        assertEquals(0, run("pause", "job-1"));
        assertEquals("job-1 (alpha-1) is paused: asked for by a client\n", terminal.out);
        assertEquals(0, run("resume", "alpha-1"));
        assertEquals(0, run("cancel", "be"));
        assertEquals(
                JobState.CANCELLED, served.call(() -> served.jobs.get("job-3").getState()));
        assertEquals(0, run("priority", "alpha-2", "5"));
        assertTrue(terminal.out.endsWith("; its priority is 5\n"), terminal.out);
        assertEquals(2, run("priority", "alpha-2", "high"));
        assertEquals(1, run("cancel", "alpha"));
        assertEquals("simreg: 'alpha' may be any of job-1, job-2; name one of them by its id\n", terminal.err);
        assertEquals(1, run("cancel", "alpha-3"));
        assertEquals("simreg: There is no job 'alpha-3'; did you mean alpha-1?\n", terminal.err);
        assertEquals(1, run("cancel", "job-3"));
        assertEquals("simreg: The job job-3 is CANCELLED already\n", terminal.err);
    }

    @Test
    void aJobThatStopsAfterItsStepIsSaidToBeOnItsWay() throws Exception {
        submit();
        served.run(() -> served.jobs.hesitate("job-1"));
        assertEquals(0, run("pause", "job-1"));
        assertEquals("job-1 (resnet18-photos) is running: trains; it will be paused after its step\n", terminal.out);
    }

    @Test
    void workersAreATable() {
        assertEquals(0, run("workers"));
        assertTrue(terminal.out.matches("(?s).*\nw1 +training +job-1 +0-3 +cpu .*"), terminal.out);
    }

    @Test
    void logsAreEveryEventWithItsTime() throws Exception {
        submit();
        served.run(() -> served.jobs.train("job-1", 2));
        assertEquals(0, run("logs", "job-1"));
        List<String> lines = terminal.out.lines().toList();
        assertEquals(2, lines.size(), terminal.out);
        assertTrue(lines.get(1).matches("20\\d\\d-\\d\\d-\\d\\d [\\d:.]{12}  .*step 2 .*"));
        served.run(() -> served.jobs.become("job-1", JobState.FAILED, "a disk\nbroke"));
        assertEquals(0, run("logs", "job-1", "--follow"));
        assertTrue(terminal.out.endsWith("failed: a disk; broke\n"), terminal.out);
    }

    @Test
    void aWatchEndsAsTheJobDoes() throws Exception {
        submit();
        served.run(() -> served.jobs.train("job-1", 2));
        served.run(() -> served.jobs.become("job-1", JobState.SUCCEEDED, ""));
        assertEquals(0, run("watch", "job-1", "--quiet"));
        assertTrue(terminal.out.startsWith("job-1 (resnet18-photos) is succeeded\n"));
        assertEquals(0, run("watch", "job-1", "--from=2", "--quiet"), terminal.err);
        submit("--name=second");
        served.run(() -> served.jobs.become("job-2", JobState.FAILED, "its teacher is gone"));
        assertEquals(1, run("watch", "second", "-q"));
        assertEquals("simreg: The job job-2 (second) is failed: its teacher is gone\n", terminal.err);
    }

    @Test
    void aCoordinatorThatIsNotThereIsOneSentence() throws Exception {
        int port;
        try (ServerSocket socket = new ServerSocket(0)) {
            port = socket.getLocalPort();
        }
        assertEquals(1, terminal.run("jobs", "--coordinator", "localhost:" + port));
        assertEquals(
                "simreg: No coordinator answers at localhost:"
                        + port
                        + "; start one with 'simreg coordinator' or name it with --coordinator\n",
                terminal.err);
        assertEquals(1, terminal.run("jobs", "--coordinator", "a b"));
        assertTrue(terminal.err.contains("'a b' is no HOST:PORT"), terminal.err);
    }

    @Test
    void aWatchShowsTheBarOfTheJobAndLeavesItRunningWhenStopped() throws Exception {
        submit();
        served.run(() -> served.jobs.train("job-1", 2));
        served.run(() -> served.jobs.become("job-1", JobState.PAUSED, "asked for"));
        Command watch =
                Command.start(folder, List.of("watch", "job-1", "--coordinator=localhost:" + served.server.port()));
        watch.awaits(watch.outFile(), "paused: asked for");
        assertEquals(128 + 15, watch.terminate());
        assertTrue(watch.out().contains("The job goes on; see it again with: simreg watch job-1"));
        assertEquals("", watch.err());
        served.await("unfollowed", () -> served.jobs.unwatched());
        assertEquals(JobState.PAUSED, served.call(() -> served.jobs.get("job-1").getState()));
    }
}
