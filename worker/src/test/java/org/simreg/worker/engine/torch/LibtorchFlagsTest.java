package org.simreg.worker.engine.torch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
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
    @EnabledOnOs(OS.LINUX)
    void autocastHoldsForTheThreadUntilTheCallEndsOrFails() {
        Torch.libtorch();
        LibtorchFlags flags = new LibtorchFlags();
        for (boolean gpu : List.of(false, true)) {
            String before = flags.autocast(gpu);
            assertTrue(before.startsWith("off"), before);
            String other = flags.inBfloat16(gpu, () -> {
                assertEquals("on, type 15, not cached", flags.autocast(gpu));
                assertTrue(flags.autocast(!gpu).startsWith("off"), "the other device");
                return CompletableFuture.supplyAsync(() -> flags.autocast(gpu), work -> new Thread(work).start())
                        .join();
            });
            assertEquals(before, other, "another thread meanwhile");
            assertEquals(before, flags.autocast(gpu), "afterwards");
            IllegalStateException failure = new IllegalStateException("the call");
            Supplier<String> failing = () -> {
                throw failure;
            };
            assertSame(failure, assertThrows(IllegalStateException.class, () -> flags.inBfloat16(gpu, failing)));
            assertEquals(before, flags.autocast(gpu), "after a failure");
            String inner = flags.inBfloat16(gpu, () -> {
                flags.inBfloat16(gpu, () -> "");
                return flags.autocast(gpu);
            });
            assertEquals("on, type 15, not cached", inner, "after a call in a call");
        }
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
