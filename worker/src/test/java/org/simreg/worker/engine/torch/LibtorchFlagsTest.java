package org.simreg.worker.engine.torch;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** libtorch's own flags before and after they are set for equal bits on a GPU, and what oneDNN takes for caches. */
class LibtorchFlagsTest {
    @Test
    void exactOnAGpu() throws IOException, InterruptedException {
        List<String> lines = JavaProcess.lines(FlagsProbe.class, Map.of()).stream()
                .filter(line -> line.startsWith("first:") || line.startsWith("exact:"))
                .toList();
        assertEquals(
                List.of(
                        "first: allowTF32CuDNN allowBF16ReductionCuBLAS allowFP16ReductionCuBLAS"
                                + " deterministicFillUninitializedMemory",
                        "exact: deterministicCuDNN deterministicAlgorithms deterministicAlgorithmsWarnOnly"),
                lines);
    }

    @Test
    @EnabledOnOs(value = OS.LINUX, architectures = "amd64")
    void oneDnnAssumesTheSizesOfCaches() throws IOException, InterruptedException {
        List<String> lines = JavaProcess.lines(FlagsProbe.class, Map.of()).stream()
                .filter(line -> line.startsWith("assumes:") || line.startsWith("again:"))
                .toList();
        assertEquals(List.of("assumes: true", "again: true"), lines);
    }
}
