package org.simreg.worker.engine.torch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.simreg.proto.UserError;
import org.simreg.proto.UserError.NotHere;

/** What failures of libtorch are said to mean. */
class LibtorchFailureTest {
    private static final String SMALLER =
            "; ask for more micro-batches (--micro-batches), a smaller batch or view, or precision bfloat16";

    private static String sentence(Throwable failure) {
        return assertInstanceOf(NotHere.class, LibtorchFailure.explained(failure))
                .getMessage();
    }

    @Test
    void aGpuWithoutMemorySaysWhatWasAskedForAndFree() {
        EngineException failure = new EngineException(
                "CUDA out of memory. Tried to allocate 2.50 GiB. GPU 1 has a total"
                        + " capacity of 139.81 GiB of which 812.19 MiB is free. Process 4711 has 139.01 GiB memory in use.");
        assertEquals(
                "the memory of cuda:1 is too small: 2.50 GiB more were asked for, 812.19 MiB of 139.81 GiB were free"
                        + SMALLER,
                sentence(new IllegalStateException("step 7", failure)));
    }

    @Test
    void soDoesLibtorchOnTheCpu() {
        try (Torch torch = new Torch("cpu", 1);
                NDManager scope = torch.scope()) {
            EngineException failure = assertThrows(EngineException.class, () -> scope.zeros(new Shape(1L << 50)));
            assertEquals(
                    "this machine's memory is too small: libtorch asked for 4294967296.0 MiB more" + SMALLER,
                    sentence(failure));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "'CUDA error: an illegal memory access was encountered', an illegal memory access was encountered",
        "'CUDA error: uncorrectable ECC error encountered', uncorrectable ECC error encountered",
        "'CUDA error: device-side assert triggered', device-side assert triggered",
        "'CUDA error: unspecified launch failure (cudaMemcpyAsync, 719)', 'unspecified launch failure (cudaMemcpyAsync, 719)'"
    })
    void aBrokenGpuNeedsAnotherProcess(String text, String reason) {
        EngineException failure = new EngineException(
                text + "\nCUDA kernel errors might be asynchronously reported at some other API call,"
                        + " so the stacktrace below might be incorrect.\nFor debugging consider passing"
                        + " CUDA_LAUNCH_BLOCKING=1\nCompile with `TORCH_USE_CUDA_DSA` to enable device-side assertions.\n");
        UserError wrapped = new UserError("teacher.pt failed on images (4, 3, 32, 32)", failure);
        assertEquals(
                reason,
                assertInstanceOf(UserError.BrokenDevice.class, LibtorchFailure.explained(wrapped))
                        .fault());
        assertEquals(
                "the GPU failed: %s; nothing runs on it until this process has ended: start it again, and look at"
                                .formatted(reason)
                        + " nvidia-smi and dmesg if that comes back",
                sentence(failure));
    }

    @Test
    void aLibtorchThatCantBeLoadedIsOneSentence(@TempDir Path folder) throws IOException, InterruptedException {
        Files.writeString(folder.resolve("libtorch.so"), "no library");
        Map<String, String> environment =
                Map.of("PYTORCH_LIBRARY_PATH", folder.toString(), "PYTORCH_VERSION", "2.7.1", "PYTORCH_FLAVOR", "cpu");
        String said = JavaProcess.lines(ProfileProbe.class, environment, "1").stream()
                .filter(line -> line.startsWith("refused: "))
                .findFirst()
                .orElseThrow();
        assertTrue(said.startsWith("refused: libtorch can't be loaded on Linux "), said);
        assertTrue(said.contains(folder.resolve("libtorch.so").toString()), said);
        assertTrue(said.endsWith("which PYTORCH_VERSION and PYTORCH_FLAVOR have to describe"), said);
    }

    @Test
    void aHeapThatIsTooSmallIsSaidWithTheWayOut() {
        String said = sentence(new IllegalStateException(new OutOfMemoryError("Java heap space")));
        assertTrue(
                said.startsWith("the memory of this process is too small (Java heap space; its heap may have "), said);
        long twice = Math.max(1, (2 * Runtime.getRuntime().maxMemory() + (1L << 30) - 1) >> 30);
        assertTrue(
                said.endsWith("by SIMREG_JAVA_OPTS=-Xmx%dg, or its container a higher memory limit".formatted(twice)),
                said);
    }

    @Test
    void whatIsShortBesidesTheHeapHasAWayOutOfItsOwn() {
        String jvm =
                "Cannot reserve 150994944 bytes of direct buffer memory (allocated: 3139952782, limit: 3159359488)";
        assertEquals(
                "the memory of this process is too small (" + jvm
                        + "): give it more by SIMREG_JAVA_OPTS=-XX:MaxDirectMemorySize=6g, or its container a higher memory limit",
                sentence(new OutOfMemoryError(jvm)));
        String netty = "failed to allocate 4194304 byte(s) of direct memory (used: 264241152, max: 268435456)";
        assertTrue(sentence(new OutOfMemoryError(netty)).contains("=-XX:MaxDirectMemorySize=1g,"));
        String threads = "unable to create native thread: possibly out of memory or process/resource limits reached";
        assertEquals(
                "this process can't start another thread (" + threads
                        + "): raise the limit of processes (ulimit -u), or that of its container",
                sentence(new OutOfMemoryError(threads)));
    }

    @Test
    void othersStayWhatTheyAre() {
        EngineException other = new EngineException("CUDA error: invalid argument");
        assertSame(other, LibtorchFailure.explained(other));
    }
}
