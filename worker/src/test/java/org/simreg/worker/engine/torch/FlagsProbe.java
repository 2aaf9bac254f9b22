package org.simreg.worker.engine.torch;

import java.util.List;

/**
 * A process that prints libtorch's flags for GPUs as they are at first, and after they were set for equal bits; and
 * whether oneDNN can be told to assume the sizes of caches.
 */
final class FlagsProbe {
    private static final List<String> GETTERS = List.of(
            "deterministicCuDNN",
            "benchmarkCuDNN",
            "allowTF32CuDNN",
            "allowTF32CuBLAS",
            "allowBF16ReductionCuBLAS",
            "allowFP16ReductionCuBLAS",
            "deterministicAlgorithms",
            "deterministicAlgorithmsWarnOnly",
            "deterministicFillUninitializedMemory");

    private FlagsProbe() {}

    public static void main(String[] args) {
        try (Torch torch = new Torch("cpu", 1)) {
            torch.enter();
            LibtorchFlags flags = new LibtorchFlags();
            print("first", flags);
            flags.exactOnGpu();
            print("exact", flags);
            System.out.println("assumes: " + flags.assumeCacheSizes());
            System.out.println("again: " + flags.assumeCacheSizes());
        }
    }

    private static void print(String when, LibtorchFlags flags) {
        System.out.print(when + ":");
        GETTERS.stream().filter(flags::is).forEach(getter -> System.out.print(" " + getter));
        System.out.println();
    }
}
