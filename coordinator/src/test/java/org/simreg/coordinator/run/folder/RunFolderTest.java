package org.simreg.coordinator.run.folder;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.coordinator.job.RunFiles;
import org.simreg.coordinator.job.RunFiles.Download;
import org.simreg.coordinator.job.RunFiles.Upload;
import org.simreg.coordinator.run.audit.Audit;
import org.simreg.coordinator.view.report.NeighborGrid;
import org.simreg.coordinator.view.report.RunReport;
import org.simreg.proto.CheckpointHeader;
import org.simreg.proto.CheckpointWritten;
import org.simreg.proto.Refused;
import org.simreg.proto.SubmitRequest.Existing;
import org.simreg.proto.UserError;
import org.simreg.worker.weights.checkpoint.WeightsFile;

class RunFolderTest {
    private static final String NAME = "step-%08d.safetensors";

    @TempDir
    Path temporary;

    private final DiskRunFolders folders = new DiskRunFolders((folder, shown, data) ->
            RunReport.write(folder, shown.map(evaluation -> NeighborGrid.of(evaluation, Path.of(data.getPath(0))))));
    private Path run;
    private RunFiles files;

    @BeforeEach
    void create() {
        run = temporary.resolve("run");
        files = folders.create(Runs.record(run), Existing.REFUSE);
        files.append(Runs.started());
    }

    @AfterEach
    void close() {
        files.close();
    }

    @Test
    void aRewindTakesStepsBackFromLedgerMetricsAndCheckpointsButNotFromTheEvents() throws IOException {
        train(1, 7, 1);
        store(4);
        store(6);
        files.rewind(Runs.rewind(4, 2));
        assertEquals(4, files.head().step());
        assertEquals(OptionalLong.of(4), files.newestCheckpoint(Long.MAX_VALUE));
        assertEquals(6, metrics());
        assertEquals(9, files.nextSequence());
        train(5, 12, 2);
        assertEquals(15, metrics());
        assertEquals(18, files.nextSequence());
        files.sync();
        assertEquals(List.of(), Audit.of(run).violations());
    }

    @Test
    void aRewindAfterARestartIsTheSame() throws IOException {
        train(1, 7, 1);
        files.close();
        files = folders.open(Runs.record(run));
        files.rewind(Runs.rewind(0, 2));
        assertEquals(2, metrics());
        train(1, 2, 2);
        assertEquals(5, metrics());
    }

    @Test
    void aStoredCheckpointIsReadBackAsItWasSent() throws IOException {
        train(1, 4, 1);
        byte[] sent = bytes(4);
        CheckpointWritten written = store(4);
        assertEquals("checkpoints/step-00000004.safetensors", written.getFile());
        assertEquals(Runs.sha256(4), written.getSha256());
        Download fresh = files.checkpoint(4);
        assertEquals(header(4, sent), fresh.header());
        assertArrayEquals(sent, Files.readAllBytes(fresh.file()));
        files.close();
        files = folders.open(Runs.record(run));
        assertEquals(
                header(4, sent).toBuilder().clearGeneration().build(),
                files.checkpoint(4).header());
        assertEquals(
                Refused.Kind.UNKNOWN,
                assertThrows(Refused.class, () -> files.checkpoint(3)).kind());
    }

    @Test
    void theNewestCheckpointsThatTheLedgerReachesAreKept() {
        train(1, 6, 1);
        for (long step = 1; step <= 5; step++) {
            store(step);
        }
        store(8);
        assertEquals(List.of(4L, 5L, 8L), stored());
        assertEquals(OptionalLong.of(5), files.newestCheckpoint(Long.MAX_VALUE));
        assertEquals(OptionalLong.of(4), files.newestCheckpoint(4));
        assertEquals(OptionalLong.empty(), files.newestCheckpoint(3));
    }

    @Test
    void whatIsNotAsAnnouncedIsRefusedAndLeavesNothing() throws IOException {
        train(1, 4, 1);
        byte[] good = bytes(4);
        CheckpointHeader header = header(4, good);
        byte[] flipped = good.clone();
        flipped[good.length / 2] ^= 1;
        refuse(header, flipped, "CRC32C");
        refuse(header, Arrays.copyOf(good, good.length - 1), "ended after");
        refuse(header, Arrays.copyOf(good, good.length + 1), "more than");
        refuse(header, new byte[0], "ended after 0 of");
        byte[] noise = "no checkpoint at all, but as long as was said".getBytes(StandardCharsets.UTF_8);
        refuse(header(4, noise), noise, "no checkpoint of a run");
        refuse(header(3, good), good, "of step 4");
        CheckpointHeader liar = header.toBuilder().setSha256(Runs.sha256(9)).build();
        refuse(liar, good, "SHA-256 " + Runs.sha256(4));
        assertEquals(List.of(), stored());
        try (Stream<Path> left = Files.list(run.resolve("checkpoints"))) {
            assertEquals(List.of(), left.toList());
        }
    }

    @Test
    void anArrivalThatIsBrokenOffLeavesNothingAlsoWhenTheCoordinatorDies() throws IOException {
        train(1, 4, 1);
        byte[] sent = bytes(4);
        Upload upload = files.receive(header(4, sent));
        upload.write(ByteBuffer.wrap(sent, 0, 100));
        files.close();
        files = folders.open(Runs.record(run));
        try (Stream<Path> left = Files.list(run.resolve("checkpoints"))) {
            assertEquals(List.of(), left.toList());
        }
    }

    @Test
    void theStudentIsExportedFromTheNewestCheckpoint() throws Exception {
        train(1, 4, 1);
        store(2);
        store(4);
        List<String> exports = files.export().toCompletableFuture().get(60, TimeUnit.SECONDS);
        assertEquals(4, exports.size());
        assertTrue(exports.contains("student/mobilenet-v2.safetensors"), exports.toString());
        String weight = "features.0.0.weight";
        assertArrayEquals(
                WeightsFile.read(files.checkpoint(4).file())
                        .get("backbone." + weight)
                        .floats(),
                WeightsFile.read(run.resolve("student/mobilenet-v2.safetensors"))
                        .get(weight)
                        .floats());
    }

    @Test
    void theAverageIsExportedBesideTheStudent() throws Exception {
        train(1, 4, 1);
        store(4);
        Path file = files.checkpoint(4).file();
        Runs.withAverage(file);
        List<String> exports = files.export().toCompletableFuture().get(60, TimeUnit.SECONDS);
        assertEquals(8, exports.size());
        String weight = "features.0.0.weight";
        for (String folder : List.of("student", "student-average")) {
            String export = folder + "/mobilenet-v2.safetensors";
            assertTrue(exports.contains(export), exports.toString());
            String held = (folder.equals("student") ? "backbone." : "ema.backbone.") + weight;
            assertArrayEquals(
                    WeightsFile.read(file).get(held).floats(),
                    WeightsFile.read(run.resolve(export)).get(weight).floats());
        }
    }

    @Test
    void theReportIsWrittenWhereNoPictureCanBeRead() throws Exception {
        train(1, 12, 1);
        files.report().toCompletableFuture().get(60, TimeUnit.SECONDS);
        assertTrue(Files.readString(run.resolve("report.html")).contains("step 12 of 12"));
    }

    @Test
    void whatWasAppendedIsOnTheDiskAfterSync() throws IOException {
        train(1, 3, 1);
        files.sync();
        files.sync();
        assertEquals(5, files.read(0, 10).size());
        assertEquals(3, Files.readAllLines(run.resolve("ledger.jsonl")).size());
        assertFalse(Files.exists(run.resolve("report.html")));
    }

    /** As they are in the system's memory: a kill now, and then a loss of power, would show whether they are on the disk. */
    @Test
    void theFilesOfAKilledProcessAreWrittenAnewBeforeTheyAreTakenForDurable() throws IOException {
        train(1, 3, 1);
        Path left = temporary.resolve("left");
        Files.createDirectories(left.resolve("checkpoints"));
        for (String name : List.of(".lock", "job.yaml", "events.log", "ledger.jsonl")) {
            Files.copy(run.resolve(name), left.resolve(name));
        }
        List<Object> before = keys(left);
        try (RunFiles again = folders.open(Runs.record(left))) {
            assertEquals(3, again.head().step());
        }
        List<Object> renewed = keys(left);
        assertRenewed(before, renewed);
        folders.open(Runs.record(left)).close();
        assertEquals(renewed, keys(left), "it was closed in order");
    }

    @Test
    void filesThatTheDiskDidNotTakeAreWrittenAnewWhoeverOpensThem() throws IOException {
        train(1, 3, 1);
        List<Object> before = keys(run);
        // What is interrupted fails, and the file is closed.
        Thread.currentThread().interrupt();
        assertThrows(UserError.class, files::sync);
        assertTrue(Thread.interrupted());
        assertThrows(UserError.class, files::close);
        files = folders.open(Runs.record(run));
        assertEquals(3, files.head().step());
        assertRenewed(before, keys(run));
    }

    /** Each is another file than it was; a disk may give it what another one had before. */
    private static void assertRenewed(List<Object> before, List<Object> after) {
        for (int i = 0; i < before.size(); i++) {
            assertNotEquals(before.get(i), after.get(i), "a file of its own");
        }
    }

    private static List<Object> keys(Path folder) throws IOException {
        List<Object> keys = new ArrayList<>();
        for (String name : List.of("events.log", "ledger.jsonl")) {
            keys.add(Files.readAttributes(folder.resolve(name), BasicFileAttributes.class)
                    .fileKey());
        }
        return keys;
    }

    private void train(long from, long to, long generation) {
        files.append(Runs.begun(generation, from - 1, "a", "b"));
        for (long step = from; step <= to; step++) {
            files.commit(Runs.commit(step, generation), Runs.done(step));
            files.append(Runs.event(step));
        }
    }

    private int metrics() throws IOException {
        return Files.readAllLines(run.resolve("metrics.jsonl")).size();
    }

    private CheckpointWritten store(long step) {
        byte[] bytes = bytes(step);
        try (Upload upload = files.receive(header(step, bytes))) {
            send(upload, bytes);
            upload.finish();
            return upload.store().toCompletableFuture().join();
        }
    }

    private void refuse(CheckpointHeader header, byte[] bytes, String why) {
        try (Upload upload = files.receive(header)) {
            Refused refused = assertThrows(Refused.class, () -> {
                send(upload, bytes);
                upload.finish();
            });
            assertEquals(Refused.Kind.DAMAGED, refused.kind());
            assertTrue(refused.getMessage().contains(why), refused.getMessage());
        }
    }

    private static void send(Upload upload, byte[] bytes) {
        for (int at = 0; at < bytes.length; at += 1_000_000) {
            upload.write(ByteBuffer.wrap(bytes, at, Math.min(1_000_000, bytes.length - at)));
        }
    }

    private static CheckpointHeader header(long step, byte[] bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        return CheckpointHeader.newBuilder()
                .setJob("made-up-1")
                .setGeneration(1)
                .setStep(step)
                .setLength(bytes.length)
                .setCrc32C((int) crc.getValue())
                .setSha256(Runs.sha256(step))
                .build();
    }

    /** A checkpoint that another run has made. */
    private byte[] bytes(long step) {
        return Runs.bytes(Runs.checkpoint(temporary.resolve("worker"), step));
    }

    private List<Long> stored() {
        return Stream.iterate(1L, step -> step + 1)
                .limit(12)
                .filter(step -> Files.exists(run.resolve("checkpoints/" + NAME.formatted(step))))
                .toList();
    }
}
