package org.simreg.worker.train.student;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.util.JsonFormat;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.proto.Head;
import org.simreg.proto.Job;
import org.simreg.proto.JobSettings;
import org.simreg.proto.Network;
import org.simreg.proto.UserError;
import org.simreg.worker.engine.torchscript.StudentNetwork;
import org.simreg.worker.engine.torchscript.StudentState;
import org.simreg.worker.export.StudentExport;
import org.simreg.worker.network.Heads;
import org.simreg.worker.network.family.Networks;
import org.simreg.worker.train.SmallRun;
import org.simreg.worker.weights.checkpoint.FileInspection;
import org.simreg.worker.weights.checkpoint.RunWeights;
import org.simreg.worker.weights.checkpoint.WeightsFile;
import org.simreg.worker.weights.part.PartRequest;

/** Tests that a checkpoint of which one bit has changed is refused by everything that reads it. */
class DamagedCheckpointTest {
    private static final StudentNetwork TRAINED = StudentNetwork.regression(
            Networks.backbone(Network.MOBILENET_V2),
            List.of(Heads.regression(
                    Head.Form.LINEAR, 1, Networks.backbone(Network.MOBILENET_V2).outputs(), 4)));

    private static final StudentState.Layout LAYOUT = new StudentState.Layout(TRAINED, List.of("momentum"), false);

    @TempDir
    static Path shared;

    private static byte[] intact;
    private static Path file;

    @BeforeEach
    void write() throws IOException {
        if (intact == null) {
            Job job = JobSettings.complete(SmallRun.job("teacher.pth").build());
            RunCheckpoint.Origin made =
                    new RunCheckpoint.Origin(JsonFormat.printer().print(job), "cpu", 33);
            StudentState state = InitialWeights.of(TRAINED, 1);
            file = Files.createDirectories(shared.resolve("run/checkpoints")).resolve(RunCheckpoint.fileName(12));
            new RunCheckpoint(12, made, state.sha256(), state).write(file, LAYOUT);
            intact = Files.readAllBytes(file);
        }
        Files.write(file, intact);
    }

    @Test
    void aBitOfAWeightIsSeenByEveryReader() throws IOException {
        readers().forEach((name, reader) -> reader.run());
        flip(start() + offset("backbone.features.0.0.weight") + 5);
        readers().forEach((name, reader) -> refused(name, reader));
    }

    @Test
    void aBitOfAnyPartIsSeen() throws IOException {
        long start = start();
        Map<String, Long> places = new LinkedHashMap<>();
        places.put("length of the header", 1L);
        places.put("name of a tensor", (long) header().indexOf("backbone.features.0.0.weight") + 8 + 20);
        places.put("offset", (long) header().indexOf("data_offsets") + 8 + 15);
        places.put("job", (long) header().indexOf("teacher.pth") + 8);
        places.put("step", (long) header().indexOf("\"step\":\"12\"") + 8 + 9);
        places.put("digest", (long) header().indexOf("\"sha256\":\"") + 8 + 12);
        places.put("seal", (long) header().indexOf("\"seal\":\"") + 8 + 12);
        places.put("head", start + offset("head.0.weight"));
        places.put("momentum", start + offset("momentum.backbone.features.0.0.weight"));
        places.put("running mean", start + offset("backbone.features.0.1.running_mean") + 3);
        places.put("last byte", (long) intact.length - 1);
        for (Map.Entry<String, Long> part : places.entrySet()) {
            Files.write(file, intact);
            flip(part.getValue());
            refused(part.getKey(), () -> WeightsFile.read(file));
            refused(part.getKey(), () -> RunCheckpoint.read(file, TRAINED));
        }
    }

    @Test
    void theSealOfEqualStatesIsEqual() throws IOException {
        RunCheckpoint read = RunCheckpoint.read(file, TRAINED);
        Path again = shared.resolve("again.safetensors");
        read.write(again, LAYOUT);
        assertEquals(-1, Files.mismatch(file, again));
    }

    private static Map<String, Runnable> readers() {
        Job.Builder job = SmallRun.job("teacher.pth");
        Map<String, Runnable> readers = new LinkedHashMap<>();
        readers.put("resume", () -> RunCheckpoint.read(file, TRAINED));
        readers.put("header", () -> RunCheckpoint.Header.read(file));
        readers.put("job", () -> RunWeights.job(file));
        readers.put("steps", () -> RunCheckpoint.steps(file));
        readers.put("weights", () -> WeightsFile.read(file));
        readers.put("inspect", () -> FileInspection.of(file, PartRequest.ANY));
        readers.put(
                "export",
                () -> StudentExport.checkpoint(
                        StudentExport.Source.run(file),
                        shared.resolve("student"),
                        32,
                        EnumSet.of(StudentExport.Format.SAFETENSORS),
                        notice -> {}));
        Job.Builder init = job.clone();
        init.getStudentBuilder().setInit(file.toString());
        readers.put("init", () -> StudentBuilder.start(init.build(), TRAINED));
        readers.put("refused init", () -> StudentBuilder.refuseOtherStart(init.build(), TRAINED, notice -> {}));
        Job.Builder restart = job.clone();
        restart.getStudentBuilder().setRestart(shared.resolve("run").toString());
        readers.put("restart", () -> StudentBuilder.start(restart.build(), TRAINED));
        return readers;
    }

    private static void refused(String what, Runnable reader) {
        String message = assertThrows(UserError.class, reader::run, what).getMessage();
        assertTrue(message.contains(file.toString()), what + ": " + message);
        assertTrue(message.contains("the checkpoint after step 12"), what + ": " + message);
        assertTrue(message.contains("--resume"), what + ": " + message);
        assertFalse(message.contains("\n"), what + ": " + message);
    }

    private static String header() {
        int length = (int) start() - 8;
        return new String(intact, 8, length, StandardCharsets.ISO_8859_1);
    }

    private static long start() {
        return 8 + ByteBuffer.wrap(intact).order(ByteOrder.LITTLE_ENDIAN).getLong(0);
    }

    private static long offset(String tensor) {
        String header = header();
        int at = header.indexOf("[", header.indexOf("data_offsets", header.indexOf("\"" + tensor + "\""))) + 1;
        return Long.parseLong(header.substring(at, header.indexOf(',', at)));
    }

    private static void flip(long place) throws IOException {
        try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "rw")) {
            open.seek(place);
            int value = open.read();
            open.seek(place);
            open.write(value ^ 1);
        }
    }
}
