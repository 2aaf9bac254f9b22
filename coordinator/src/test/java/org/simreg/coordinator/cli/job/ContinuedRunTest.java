package org.simreg.coordinator.cli.job;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.coordinator.cli.Terminal;
import org.simreg.coordinator.cli.option.StopSignal;
import org.simreg.coordinator.job.file.JobFile;
import org.simreg.coordinator.run.audit.Audit;
import org.simreg.proto.Job;
import org.simreg.proto.UserError;

/** Runs that go on with more epochs, or with other images. */
class ContinuedRunTest {
    private static final Path PICTURES = Path.of("..", "scripts", "sample", "train", "smileys-emotion--heart");

    @TempDir
    Path folder;

    private Path data;
    private Path run;

    @BeforeEach
    void copyEightPictures() throws IOException {
        data = Files.createDirectories(folder.resolve("data"));
        run = folder.resolve("run");
        try (Stream<Path> pictures = Files.list(PICTURES)) {
            for (Path picture : pictures.sorted().limit(8).toList()) {
                Files.copy(picture, data.resolve(picture.getFileName()));
            }
        }
    }

    private Terminal asked(String... more) {
        List<String> args = new ArrayList<>(List.of("distill", "--out", run.toString(), "--quiet"));
        args.addAll(List.of("--device", "cpu", "--threads", "1", "--decode-threads", "1"));
        args.addAll(List.of(more));
        Terminal terminal = new Terminal();
        assertEquals(0, terminal.run(args.toArray(String[]::new)), terminal.err);
        return terminal;
    }

    private Terminal distil(String... more) {
        Terminal terminal = asked(more);
        assertEquals(0, new EmbeddedRun(terminal.distilled.get(0), new StopSignal()).run());
        return terminal;
    }

    private void begin() {
        distil(("--data " + data + " --teacher self --student mobilenet-v2 --size 32 --batch 4 --epochs 2"
                        + " --self-hidden 8 --self-output 4 --checkpoint-steps 1")
                .split(" "));
    }

    private String ledger() throws IOException {
        return Files.readString(run.resolve("ledger.jsonl"));
    }

    @Test
    void moreEpochsAreAnotherJobOfTheOldOnesState() throws IOException {
        begin();
        String first = ledger();
        Terminal terminal = distil("--resume", "--epochs", "3");
        String said = "The run of 2 epochs is continued to 3 after step 4, with the learning rate of a run of 3 from"
                + " there on; its bits are not those of a run of 3 epochs from the start";
        assertTrue(terminal.err.contains("note: " + said), terminal.err);
        Job job = JobFile.read(run.resolve("job.yaml"));
        assertEquals(3, job.getOptimization().getEpochs());
        assertEquals(List.of(2), job.getContinued().getEpochsList());
        assertEquals(List.of(4L), job.getContinued().getStepsList());
        assertEquals(64, job.getContinued().getSha256(0).length());
        assertTrue(ledger().startsWith(first) && ledger().contains(said), ledger());
        assertTrue(ledger().contains("\"step\":6"), ledger());
        assertEquals(List.of(), Audit.of(run).violations());
        assertTrue(Files.readString(run.resolve("report.html")).contains("a run of 2 epochs after its step 4"));

        UserError fewer = assertThrows(UserError.class, () -> refused("--resume", "--epochs", "1"));
        assertTrue(fewer.getMessage().contains("has 3 epochs, and --resume takes as many or more"), fewer.getMessage());

        String settings = run.resolve("job.yaml").toString();
        run = folder.resolve("again");
        Job again = asked("--job", settings).distilled.get(0).job();
        assertFalse(again.hasContinued(), "a run of its own continues nothing");
    }

    @Test
    void moreEpochsOfARunThatItsStepsEndAreRefused() {
        distil(("--data " + data + " --teacher self --student mobilenet-v2 --size 32 --batch 4 --epochs 2 --max-steps 1"
                        + " --self-hidden 8 --self-output 4 --checkpoint-steps 1")
                .split(" "));
        UserError ended = assertThrows(UserError.class, () -> refused("--resume", "--epochs", "3"));
        assertTrue(ended.getMessage().contains("ended after step 1 by --max-steps"), ended.getMessage());
        distil("--resume", "--epochs", "3", "--max-steps", "2");
    }

    private void refused(String... more) {
        List<String> args = new ArrayList<>(List.of("distill", "--out", run.toString()));
        args.addAll(List.of(more));
        Terminal terminal = new Terminal();
        assertEquals(2, terminal.run(args.toArray(String[]::new)));
        throw new UserError(terminal.err);
    }

    @Test
    void otherImagesAreRefusedUnlessTheyAreAllowed() throws IOException {
        begin();
        Path renamed = data.resolve("0.png");
        try (Stream<Path> files = Files.list(data)) {
            Files.move(files.sorted().findFirst().orElseThrow(), renamed);
        }
        String first = ledger();
        String settings = Files.readString(run.resolve("job.yaml"));
        String message = assertThrows(UserError.class, () -> refused("--resume", "--epochs", "3"))
                .getMessage();
        assertEquals(first, ledger());
        assertEquals(settings, Files.readString(run.resolve("job.yaml")));
        assertTrue(message.contains("has changed: 1 renamed ("), message);
        assertTrue(
                message.contains(
                        " to 0.png); the checkpoint of step 4 was computed from it as it was. Put the data set back"),
                message);
        distil("--resume", "--epochs", "3", "--allow-changed-data");
        assertTrue(
                ledger().contains("From step 5 on the run sees other images, as --allow-changed-data says"), ledger());
        assertTrue(ledger().contains("\"step\":6"), ledger());
        assertEquals(List.of(), Audit.of(run).violations());
    }

    @Test
    void aSubmitOverOtherImagesIsRefusedBeforeItIsSent() throws IOException {
        begin();
        String settings = Files.readString(run.resolve("job.yaml"));
        try (Stream<Path> files = Files.list(data)) {
            Files.delete(files.sorted().findFirst().orElseThrow());
        }
        Terminal terminal = new Terminal();
        assertEquals(2, terminal.run("submit", "--resume", "--out", run.toString(), "--epochs", "3"));
        assertTrue(terminal.err.contains("has changed: 1 gone ("), terminal.err);
        assertFalse(terminal.err.contains("is continued"), terminal.err);
        assertEquals(settings, Files.readString(run.resolve("job.yaml")));

        Files.move(data, folder.resolve("elsewhere"));
        assertEquals(0, terminal.run("submit", "--resume", "--out", run.toString(), "--epochs", "3", "--print-job"));
        assertTrue(terminal.err.contains("so that the workers look ("), terminal.err);
        assertTrue(terminal.err.contains("The run of 2 epochs is continued to 3 after step 4"), terminal.err);
    }
}
