package org.simreg.worker.engine.torch;

import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;

/**
 * The settings of libtorch that hold for the whole process ({@code at::globalContext()}), as far as DJL has no call for
 * them.
 */
final class LibtorchFlags {
    private static final int OFF = 0;
    private static final int ON = 1;

    private final NativeLibrary torch;
    private final Pointer context;

    /** @throws IllegalStateException if libtorch isn't loaded */
    LibtorchFlags() {
        torch = LoadedLibrary.named("torch_cpu").orElseThrow(() -> new IllegalStateException("libtorch is not loaded"));
        context = torch.getFunction("_ZN2at13globalContextEv").invokePointer(new Object[0]);
    }

    /** {@code torch.backends.mkldnn.enabled = False}, and the same for NNPACK, which asks for the sizes of caches too. */
    void withoutOneDnn() {
        set("setUserEnabledMkldnn", OFF);
        set("setUserEnabledNNPACK", OFF);
    }

    /**
     * Equal bits on a GPU. A convolution is told its flags when it runs forward; its gradient asks these. In float32
     * products and convolutions are float32's, not TF32's; sums of bfloat16 and float16 are float32's; no plan is chosen
     * by measuring. An operator that has no deterministic code for a GPU warns.
     */
    void exactOnGpu() {
        set("setDeterministicCuDNN", ON);
        set("setBenchmarkCuDNN", OFF);
        set("setAllowTF32CuDNN", OFF);
        set("setAllowTF32CuBLAS", OFF);
        set("setAllowFP16ReductionCuBLAS", OFF);
        set("setAllowBF16ReductionCuBLAS", OFF);
        set("setAllowFP16AccumulationCuBLAS", OFF);
        set("setDeterministicAlgorithms", ON, ON);
        // Otherwise each new tensor is filled with NaN first.
        set("setDeterministicFillUninitializedMemory", OFF);
    }

    /** Whether a flag is set, by its getter in {@code at::Context}. */
    boolean is(String getter) {
        String symbol = "_ZNK2at7Context%d%sEv".formatted(getter.length(), getter);
        return (torch.getFunction(symbol).invokeInt(new Object[] {context}) & 0xff) != 0;
    }

    private void set(String setter, int... values) {
        Object[] arguments = new Object[values.length + 1];
        arguments[0] = context;
        for (int i = 0; i < values.length; i++) {
            arguments[i + 1] = values[i];
        }
        String symbol = "_ZN2at7Context%d%sE%s".formatted(setter.length(), setter, "b".repeat(values.length));
        torch.getFunction(symbol).invokeVoid(arguments);
    }
}
