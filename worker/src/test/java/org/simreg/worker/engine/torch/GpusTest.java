package org.simreg.worker.engine.torch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.simreg.proto.UserError;

/** The device that is chosen, and what is said of it, by what the CUDA runtime answers. */
class GpusTest {
    private static final String NO_DRIVER =
            "CUDA driver version is insufficient for CUDA runtime version (CUDA error 35)";

    /** A machine with two H200, or one whose driver is too old, in the words of cudaGetErrorString. */
    private record Machine(int count, String failure) implements CudaRuntime {
        @Override
        public int count() {
            if (failure != null) {
                throw new Failure(failure);
            }
            return count;
        }

        @Override
        public String name(int gpu) {
            return "NVIDIA H200";
        }

        @Override
        public String capability(int gpu) {
            return "9.0";
        }

        @Override
        public String slot(int gpu) {
            return "0000:%X:00.0".formatted(0x3B + gpu);
        }

        @Override
        public long free(int gpu) {
            return 100L << 30;
        }

        @Override
        public String versions() {
            return "CUDA 12.8, cuDNN 9.7.1, cuBLAS 12.8.3";
        }
    }

    private static Gpus two() {
        return new Gpus(Optional.of(new Machine(2, null)));
    }

    private static Gpus broken() {
        return new Gpus(Optional.of(new Machine(0, NO_DRIVER)));
    }

    private static Gpus none() {
        return new Gpus(Optional.empty());
    }

    private static String refusal(Gpus gpus, String name) {
        return assertThrows(UserError.class, () -> gpus.device(name)).getMessage();
    }

    @Test
    void autoTakesTheFirstGpuElseTheCpu() {
        assertEquals(Device.gpu(0), two().device("auto"));
        assertEquals(Device.cpu(), none().device("auto"));
        assertEquals(Device.cpu(), broken().device("auto"));
    }

    @Test
    void aNamedDeviceIsThatOneOrRefusedWithTheReason() {
        assertEquals(Device.gpu(1), two().device("cuda:1"));
        assertEquals(Device.gpu(0), two().device("cuda"));
        assertEquals(Device.cpu(), two().device("cpu"));
        assertEquals(
                "device cuda:2 is not there: libtorch sees 2 GPUs; use cuda:0 to cuda:1", refusal(two(), "cuda:2"));
        assertEquals(
                "device cuda:0 is not there: CUDA says \"" + NO_DRIVER + "\"; look at nvidia-smi, or use cpu",
                refusal(broken(), "cuda:0"));
        assertEquals(
                "device cuda is not there: this libtorch computes on CPUs only; use cpu, or set PYTORCH_LIBRARY_PATH,"
                        + " PYTORCH_VERSION and PYTORCH_FLAVOR to one for CUDA",
                refusal(none(), "cuda"));
        assertEquals("device \"gpu\" is unknown; use auto, cpu or cuda:N", refusal(two(), "gpu"));
    }

    @Test
    void aGpuIsKnownByItsSlot() {
        assertEquals(new Gpus.Place("cuda:0", "0000:3B:00.0"), two().place("auto"));
        assertEquals(new Gpus.Place("cuda:1", "0000:3C:00.0"), two().place("cuda:1"));
        assertEquals(new Gpus.Place("cpu", "cpu"), none().place("auto"));
    }

    @Test
    void allAreNamedOrTheReasonWhyThereIsNone() {
        assertEquals(List.of("cuda:0", "cuda:1"), two().all());
        assertTrue(assertThrows(UserError.class, none()::all).getMessage().contains("computes on CPUs only"));
        assertTrue(assertThrows(UserError.class, broken()::all).getMessage().contains(NO_DRIVER));
    }

    @Test
    void theProfileNamesTheModelAndAllLibraries() {
        assertEquals("cuda NVIDIA H200 9.0, CUDA 12.8, cuDNN 9.7.1, cuBLAS 12.8.3", two().profile(1));
    }

    @Test
    void aLibtorchForCpusHasNoRuntimeWhateverElseIsLoaded() {
        try (Torch torch = new Torch("auto", 1)) {
            assertEquals(Optional.empty(), CudaRuntime.loaded());
            assertTrue(LoadedLibrary.beside("torch_cpu", "c10").isPresent());
            assertEquals(Optional.empty(), LoadedLibrary.beside("c10_cuda", "c10"));
            assertEquals("cpu()", torch.device());
        }
    }
}
