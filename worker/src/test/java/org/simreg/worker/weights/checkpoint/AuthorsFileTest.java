package org.simreg.worker.weights.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.weights.format.ParsedFile;
import org.simreg.worker.weights.part.PartRequest;
import org.simreg.worker.weights.tensor.StateDict;

/** A distilled checkpoint of the authors' program, in both containers. */
class AuthorsFileTest {
    @TempDir
    Path folder;

    @Test
    void theZipArchiveHoldsStudentTeacherAndHead() {
        holdsAll(AuthorsFile.zip(folder.resolve("ckpt.pth")), ParsedFile.Container.PYTORCH_ZIP);
    }

    @Test
    void theLegacyStreamHoldsTheSame() {
        holdsAll(AuthorsFile.legacy(folder.resolve("ckpt.pth")), ParsedFile.Container.PYTORCH_STREAM);
    }

    private static void holdsAll(Path file, ParsedFile.Container container) {
        FileInspection inspection = FileInspection.of(file, PartRequest.ANY);
        assertEquals(container, inspection.contents().container());
        assertEquals(
                List.of(
                        "opt: argparse.Namespace with arch_s, epochs, learning_rate, not executed",
                        "optimizer: dict with state, param_groups",
                        "epoch: 130"),
                inspection.contents().entries().stream()
                        .filter(entry -> !entry.key().equals("state_dict"))
                        .map(entry -> entry.key() + ": " + entry.summary())
                        .toList());
        assertTrue(inspection.sha256().matches("[0-9a-f]{64}"));
        RecognizedFile found = inspection.recognised();
        RecognizedFile.FoundNetwork student = found.network(PartRequest.ANY, "ckpt.pth", notice -> {});
        RecognizedFile.FoundNetwork teacher =
                found.network(new PartRequest("teacher", "--part"), "ckpt.pth", notice -> {});
        assertEquals(AuthorsFile.STUDENT, student.name());
        assertEquals(AuthorsFile.TEACHER, teacher.name());
        same(found.weights(student, student.network(), "x"), "encoder_q.module.", student.network());
        same(found.weights(teacher, teacher.network(), "x"), "encoder_t.module.", teacher.network());
        RecognizedFile.FoundHead head = found.heads(512).get(0);
        assertEquals(AuthorsFile.head(), head.network().orElseThrow());
        same(
                NetworkFit.fit(found.tensors(), head.prefix(), AuthorsFile.head(), "x"),
                "predict_q.module.",
                AuthorsFile.head());
        assertEquals(Map.of(), found.others());
    }

    private static void same(StateDict weights, String prefix, NetworkGraph network) {
        network.weights()
                .forEach(weight -> assertArrayEquals(
                        AuthorsFile.values(prefix, weight),
                        weights.get(weight.name()).floats(),
                        weight.name()));
    }
}
