package org.simreg.coordinator.cli.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.coordinator.cli.Terminal;
import org.simreg.proto.Head;
import org.simreg.proto.Network;
import org.simreg.worker.engine.torchscript.StudentNetwork;
import org.simreg.worker.network.Heads;
import org.simreg.worker.network.family.Networks;
import org.simreg.worker.train.student.InitialWeights;
import org.simreg.worker.train.student.StudentBuilder;
import org.simreg.worker.weights.format.Safetensors;
import org.simreg.worker.weights.tensor.HostTensor;
import org.simreg.worker.weights.tensor.StateDict;

/** What {@code simreg inspect} tells of a file with a student and its teacher. */
class InspectCommandTest {
    @TempDir
    Path folder;

    private final Terminal terminal = new Terminal();
    private String file;

    @BeforeEach
    void write() {
        var network = Networks.backbone(Network.MOBILENET_V2);
        var head = Heads.regression(Head.Form.LINEAR, 1, network.outputs(), 8);
        StudentNetwork trained = StudentNetwork.regression(network, List.of(head));
        Map<String, HostTensor> all = new LinkedHashMap<>();
        for (String part : List.of("student.", "teacher.")) {
            StateDict weights = StudentBuilder.backbone(trained, InitialWeights.of(trained, part.hashCode()));
            weights.names().forEach(name -> all.put(part + name, weights.get(name)));
        }
        Path written = folder.resolve("both.safetensors");
        Safetensors.write(written, StateDict.of(all));
        file = written.toString();
    }

    @Test
    void allPartsAreShownWithTheOptionsWords() {
        assertEquals(0, terminal.run("inspect", file), terminal.err);
        assertTrue(terminal.out.contains("a student (--part student)"), terminal.out);
        assertTrue(terminal.out.contains("a teacher (--part teacher, the default)"), terminal.out);
    }

    @Test
    void ofThePartThatIsAskedForNothingElseIsShown() {
        assertEquals(0, terminal.run("inspect", file, "--part", "student", "--keys"), terminal.err);
        assertTrue(terminal.out.contains("student.*: mobilenet-v2, complete"), terminal.out);
        assertTrue(terminal.out.contains("student.features.0.0.weight  float32 [32, 3, 3, 3]"), terminal.out);
        assertFalse(terminal.out.contains("teacher."), terminal.out);
        assertEquals(1, terminal.run("inspect", file, "--part", "average"));
        assertTrue(terminal.err.contains("Can't find the part 'average' in " + file), terminal.err);
    }
}
