package org.simreg.worker.weights.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.simreg.proto.UserError;
import org.simreg.worker.weights.format.ParsedFile;
import org.simreg.worker.weights.format.Safetensors;

class WeightsFileTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource({"training.pth, PYTORCH_ZIP", "training-legacy.pth.tar, PYTORCH_STREAM"})
    void whatStandsBesideTheWeightsIsToldAndSettingsAreNotExecuted(String name, ParsedFile.Container container) {
        WeightsFile.Contents contents = WeightsFile.contents(WeightFixtures.file(name));
        assertEquals(container, contents.container());
        assertEquals("dict", contents.type());
        Map<String, String> entries = entries(contents);
        assertEquals("3", entries.get("epoch"));
        assertEquals("argparse.Namespace with lr, arch, gpus, not executed", entries.get("opt"));
        assertEquals("dict with state, param_groups", entries.get("optimizer"));
        assertTrue(entries.get("state_dict").matches("dict of \\d+, \\d+ of them tensors"));
        assertTrue(contents.tensors().contains("module.queue"));
    }

    @ParameterizedTest
    @CsvSource({"evil.pth", "evil-legacy.pth"})
    void aCommandIsNamedAndNotRun(String name) {
        Map<String, String> entries = entries(WeightsFile.contents(WeightFixtures.file(name)));
        assertTrue(entries.get("command").endsWith("system, not executed"), entries::toString);
        assertFalse(Files.exists(Path.of("executed")), "the pickle's command was run");
    }

    @Test
    void aTorchScriptArchiveTellsItsClassAndASafetensorsFileItsNotes() {
        WeightsFile.Contents script = WeightsFile.contents(WeightFixtures.file("script.pt"));
        assertEquals(ParsedFile.Container.TORCHSCRIPT, script.container());
        assertTrue(script.type().startsWith("__torch__."), script.type());
        Path file = folder.resolve("notes.safetensors");
        Safetensors.write(file, WeightFixtures.weights(WeightFixtures.SMALL), Map.of("step", "7"));
        assertEquals("7", WeightsFile.contents(file).notes().get("step"));
    }

    @Test
    void anOnnxFileIsRefusedAsSuch() throws IOException {
        Path file = folder.resolve("net.onnx");
        Files.write(file, new byte[] {8, 8, 0x12, 6, 's', 'i', 'm', 'r', 'e', 'g'});
        UserError error = assertThrows(UserError.class, () -> WeightsFile.contents(file));
        assertTrue(error.getMessage().contains("it is an ONNX file"), error::getMessage);
    }

    private static Map<String, String> entries(WeightsFile.Contents contents) {
        Map<String, String> entries = new LinkedHashMap<>();
        contents.entries().forEach(entry -> entries.put(entry.key(), entry.summary()));
        return entries;
    }
}
