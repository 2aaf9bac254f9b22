package org.simreg.worker.engine.torch;

import com.sun.jna.Function;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;

/**
 * The settings of libtorch that hold for the whole process ({@code at::globalContext()}) or for a thread ({@code
 * at::autocast}), as far as DJL has no call for them.
 */
final class LibtorchFlags {
    private static final int OFF = 0;
    private static final int ON = 1;
    private static final String CONTEXT = "_ZN2at13globalContextEv";
    /** dnnl::impl::cpu::x64::cpu() and dnnl::impl::cpu::platform::get_per_core_cache_size(int). */
    private static final String CPU = "_ZN4dnnl4impl3cpu3x643cpuEv";

    private static final String CACHE_SIZE = "_ZN4dnnl4impl3cpu8platform23get_per_core_cache_sizeEi";
    /** Where Xbyak::util::Cpu of oneDNN 3.7 has dataCacheSize_, coresSharingDataCache_ and dataCacheLevels_. */
    private static final int SIZES = 0x1c;

    private static final int SHARING = 0x44;
    private static final int LEVELS = 0x6c;
    private static final int MOST_LEVELS = 10;
    /** Bytes a core that oneDNN assumes of levels 1 to 3 where a processor tells none. */
    private static final int[] ASSUMED = {32 << 10, 512 << 10, 1 << 20};

    /** Values of c10::DeviceType. */
    private static final int HOST = 0;

    private static final int CUDA = 1;
    /** Mangled parameters: a c10::DeviceType, and one with a c10::ScalarType. */
    private static final String DEVICE = "N3c1010DeviceTypeE";

    private static final String DEVICE_AND_TYPE = "N3c1010DeviceTypeENS1_10ScalarTypeE";

    private final NativeLibrary torch;
    private final Pointer context;

    /** @throws IllegalStateException if libtorch isn't loaded */
    LibtorchFlags() {
        torch = LoadedLibrary.named("torch_cpu").orElseThrow(() -> new IllegalStateException("libtorch is not loaded"));
        context = torch.getFunction(CONTEXT).invokePointer(new Object[0]);
    }

    /** {@code torch.backends.mkldnn.enabled = False}. */
    void withoutOneDnn() {
        set("setUserEnabledMkldnn", OFF);
    }

    /** {@code torch.backends.nnpack.set_flags(False)}. */
    void withoutNnpack() {
        set("setUserEnabledNNPACK", OFF);
    }

    /**
     * Makes oneDNN plan by the sizes of caches that it assumes of processors that tell none ({@code guess} in its
     * cpu/platform.cpp), 32 KiB, 512 KiB and 1 MiB a core. On AMD it believes that there are three levels whatever the
     * processor says, and on a machine that hides them each then has one byte. Called before the first
     * computation.
     *
     * @return false if this libtorch isn't the one that is known; nothing has changed then
     */
    boolean assumeCacheSizes() {
        try {
            List<Function> hidden = LoadedLibrary.hidden(torch, CONTEXT, CPU, CACHE_SIZE);
            return !hidden.isEmpty() && assume(hidden.get(0).invokePointer(new Object[0]), hidden.get(1));
        } catch (IOException e) {
            return false;
        }
    }

    private static boolean assume(Pointer cpu, Function size) {
        int levels = cpu.getInt(LEVELS);
        boolean known = levels >= 0
                && levels <= ASSUMED.length
                && Arrays.stream(cpu.getIntArray(SIZES, MOST_LEVELS))
                        .skip(ASSUMED.length)
                        .allMatch(bytes -> bytes == 0)
                && Arrays.stream(cpu.getIntArray(SHARING, MOST_LEVELS))
                        .skip(ASSUMED.length)
                        .allMatch(cores -> cores == 0);
        if (!known) {
            return false;
        }
        cpu.setInt(LEVELS, 0);
        for (int level = 1; level <= ASSUMED.length; level++) {
            if (size.invokeInt(new Object[] {level}) != ASSUMED[level - 1]) {
                cpu.setInt(LEVELS, levels);
                return false;
            }
        }
        return true;
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

    /**
     * Runs a call under {@code torch.autocast(device, torch.bfloat16)}: operators that gain by it take bfloat16, those
     * that need them float32. It holds for the calling thread, and what was set before is so again afterwards. Weights
     * are rounded each time that they are used, without a cache, which would be the whole process'.
     *
     * @param gpu whether the tensors lie on a GPU
     */
    <T> T inBfloat16(boolean gpu, Supplier<T> call) {
        Object device = gpu ? CUDA : HOST;
        boolean enabled = autocast("is_autocast_enabled", DEVICE, device);
        int type = autocastType(device);
        boolean cached = autocast("is_autocast_cache_enabled", "v");
        try {
            setAutocast("set_autocast_dtype", DEVICE_AND_TYPE, device, ScriptSource.BFLOAT16);
            setAutocast("set_autocast_cache_enabled", "b", OFF);
            setAutocast("set_autocast_enabled", DEVICE + "b", device, ON);
            return call.get();
        } finally {
            setAutocast("set_autocast_enabled", DEVICE + "b", device, enabled ? ON : OFF);
            setAutocast("set_autocast_cache_enabled", "b", cached ? ON : OFF);
            setAutocast("set_autocast_dtype", DEVICE_AND_TYPE, device, type);
        }
    }

    /** The calling thread's autocast in words, {@code on, type 15, cached}. */
    String autocast(boolean gpu) {
        Object device = gpu ? CUDA : HOST;
        return "%s, type %d, %s"
                .formatted(
                        autocast("is_autocast_enabled", DEVICE, device) ? "on" : "off",
                        autocastType(device),
                        autocast("is_autocast_cache_enabled", "v") ? "cached" : "not cached");
    }

    private int autocastType(Object device) {
        return (byte) autocastFunction("get_autocast_dtype", DEVICE).invokeInt(new Object[] {device});
    }

    private boolean autocast(String getter, String types, Object... arguments) {
        return (autocastFunction(getter, types).invokeInt(arguments) & 0xff) != 0;
    }

    private void setAutocast(String setter, String types, Object... arguments) {
        autocastFunction(setter, types).invokeVoid(arguments);
    }

    private Function autocastFunction(String name, String types) {
        return torch.getFunction("_ZN2at8autocast%d%sE%s".formatted(name.length(), name, types));
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
