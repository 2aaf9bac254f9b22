package org.simreg.coordinator.run.folder;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.simreg.coordinator.job.RunFiles;
import org.simreg.coordinator.job.file.JobFile;
import org.simreg.proto.JobRecord;
import org.simreg.proto.SubmitRequest.Existing;
import org.simreg.proto.UserError;

/** Tests that links in a run folder, whoever put them there, lead nowhere. */
class RunFolderLinksTest {
    private static final List<String> FILES = List.of(
            ".lock",
            "job.yaml",
            "ledger.jsonl",
            "events.log",
            "metrics.jsonl",
            "report.html",
            "checkpoints/step-00000004.safetensors",
            "student/mobilenet_v2.onnx",
            "features/teacher-1.features");

    @TempDir
    Path temporary;

    private final DiskRunFolders folders = new DiskRunFolders((folder, shown, data) -> {});
    private Path run;
    private Path victim;
    private JobRecord record;

    @BeforeEach
    void make() throws IOException {
        run = Files.createDirectories(temporary.resolve("runs/made-up"));
        record = Runs.record(run);
        victim = Files.createDirectory(temporary.resolve("victim"));
        for (String name : FILES) {
            Path file = victim.resolve(name);
            Files.createDirectories(file.getParent());
            Files.writeString(file, "somebody's only copy");
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Existing.class,
            names = {"REFUSE", "RESUME", "OVERWRITE"})
    void aLinkInPlaceOfAFileLeadsNowhere(Existing existing) throws IOException {
        for (String name : FILES) {
            clear();
            if (!name.equals("job.yaml")) {
                Files.writeString(run.resolve("job.yaml"), JobFile.yaml(record.getJob()));
            }
            link(name);
            refused(name, existing);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"checkpoints", "student", "student-average", "features"})
    void aLinkInPlaceOfAFolderLeadsNowhere(String name) throws IOException {
        Files.writeString(run.resolve("job.yaml"), JobFile.yaml(record.getJob()));
        link(name);
        for (Existing existing : List.of(Existing.REFUSE, Existing.RESUME, Existing.OVERWRITE)) {
            refused(name, existing);
        }
        UserError refused = assertThrows(UserError.class, () -> folders.open(record));
        assertTrue(refused.getMessage().contains(name + " is a symbolic link"), refused.getMessage());
        intact();
    }

    @Test
    void aLinkThatIsPutThereWhileTheJobGoesOnLeadsNowhere() throws IOException {
        try (RunFiles files = folders.create(record, Existing.OVERWRITE)) {
            files.append(Runs.started());
            for (long step = 1; step <= 4; step++) {
                files.commit(Runs.commit(step, 1), Runs.done(step));
            }
            Path checkpoint = Runs.checkpoint(run, 4);
            link("student");
            CompletionException failed = assertThrows(
                    CompletionException.class,
                    () -> files.export().toCompletableFuture().join());
            assertTrue(failed.getMessage().contains("student is a symbolic link"), failed.getMessage());
            Files.delete(checkpoint);
            Files.delete(checkpoint.getParent());
            link("checkpoints");
            assertTrue(files.newestCheckpoint(Long.MAX_VALUE).isEmpty());
            files.rewind(Runs.rewind(0, 2));
        }
        intact();
    }

    @Test
    void overwritingRemovesTheExportsOfAnyStudent() throws IOException {
        JobRecord.Builder module = record.toBuilder();
        module.getJobBuilder().getStudentBuilder().clearNetwork().setModule("models/tiny.net.pt");
        folders.create(module.build(), Existing.REFUSE).close();
        List<String> ours =
                List.of("tiny.net.torchscript.pt", "tiny.net.pth", "tiny.net.safetensors", ".tiny.net.pth.1a.2b.tmp");
        List<String> mine = List.of("tiny.pth", "notes.pth");
        Files.createDirectories(run.resolve("student"));
        for (String name : Stream.concat(ours.stream(), mine.stream()).toList()) {
            Files.writeString(run.resolve("student").resolve(name), "");
        }
        folders.create(record, Existing.OVERWRITE).close();
        try (Stream<Path> left = Files.list(run.resolve("student"))) {
            assertEquals(
                    mine.stream().sorted().toList(),
                    left.map(file -> file.getFileName().toString()).sorted().toList());
        }
    }

    private void clear() throws IOException {
        for (String name : List.of("checkpoints", "student", "student-average", "features", "")) {
            Path folder = run.resolve(name);
            if (Files.isDirectory(folder)) {
                try (Stream<Path> all = Files.list(folder)) {
                    for (Path file : all.filter(one -> !Files.isDirectory(one, LinkOption.NOFOLLOW_LINKS))
                            .toList()) {
                        Files.delete(file);
                    }
                }
            }
        }
    }

    private void link(String name) throws IOException {
        Path link = run.resolve(name);
        Files.createDirectories(link.getParent());
        Files.createSymbolicLink(link, victim.resolve(name));
    }

    /** A run folder that isn't empty is refused without a look at its links. */
    private void refused(String name, Existing existing) throws IOException {
        RuntimeException refused = assertThrows(
                RuntimeException.class, () -> folders.create(record, existing).close(), name);
        String message = refused.getMessage();
        assertTrue(
                message.contains(name + " is a symbolic link")
                        || message.contains("already holds a run")
                        || message.contains("There is no run to continue"),
                message);
        intact();
    }

    private void intact() throws IOException {
        for (String name : FILES) {
            assertEquals("somebody's only copy", Files.readString(victim.resolve(name)), name);
        }
        try (Stream<Path> all = Files.walk(victim)) {
            assertEquals(FILES.size(), all.filter(Files::isRegularFile).count());
        }
        assertFalse(Files.exists(temporary.resolve("victim/made-up")));
    }
}
