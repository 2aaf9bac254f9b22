package org.simreg.worker.engine.torch;

import com.sun.jna.Memory;
import com.sun.jna.NativeLibrary;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The CUDA runtime and its libraries, as libtorch has loaded them (CUDA Runtime API, sections "Device Management" and
 * "Error Handling").
 */
interface CudaRuntime {
    /** The library by which libtorch reaches CUDA. */
    String TORCH = "c10_cuda";

    /**
     * Number of GPUs.
     *
     * @throws CudaRuntime.Failure with CUDA's own reason if there is no driver or no GPU
     */
    int count();

    /** A GPU's name, {@code NVIDIA H200}. */
    String name(int gpu);

    /** Compute capability, {@code 9.0}. */
    String capability(int gpu);

    /** The GPU's slot in this machine, {@code 0000:3B:00.0}, whatever number it has. */
    String slot(int gpu);

    /** Bytes that are free on a GPU. */
    long free(int gpu);

    /** {@code CUDA 12.8, cuDNN 9.7.1, cuBLAS 12.8.3}; what isn't loaded isn't named. */
    String versions();

    /** An error of CUDA in its own words. */
    final class Failure extends RuntimeException {
        Failure(String reason) {
            super(reason);
        }
    }

    /** That of this process' libtorch; empty with one for CPUs, even where DJL has loaded a CUDA runtime to count GPUs. */
    static Optional<CudaRuntime> loaded() {
        return LoadedLibrary.beside(TORCH, "cudart").map(Loaded::new);
    }

    /** The runtime in this process, called by JNA. */
    final class Loaded implements CudaRuntime {
        private static final int MAJOR = 75;
        private static final int MINOR = 76;
        /** Larger than {@code cudaDeviceProp} of any version; the name is its first field. */
        private static final int PROPERTIES = 8192;

        private static final int SLOT = 64;

        private final NativeLibrary runtime;

        private Loaded(NativeLibrary runtime) {
            this.runtime = runtime;
        }

        @Override
        public int count() {
            return integer(runtime, "cudaGetDeviceCount");
        }

        @Override
        public String name(int gpu) {
            try (Memory properties = new Memory(PROPERTIES)) {
                properties.clear();
                check(runtime.getFunction(propertiesCall()).invokeInt(new Object[] {properties, gpu}));
                return properties.getString(0).strip();
            }
        }

        /** CUDA 12 has the structure of today under a name of its own. */
        private String propertiesCall() {
            try {
                String second = "cudaGetDeviceProperties_v2";
                runtime.getFunction(second);
                return second;
            } catch (UnsatisfiedLinkError e) {
                return "cudaGetDeviceProperties";
            }
        }

        @Override
        public String capability(int gpu) {
            return attribute(MAJOR, gpu) + "." + attribute(MINOR, gpu);
        }

        @Override
        public String slot(int gpu) {
            try (Memory text = new Memory(SLOT)) {
                check(runtime.getFunction("cudaDeviceGetPCIBusId").invokeInt(new Object[] {text, SLOT, gpu}));
                return text.getString(0);
            }
        }

        @Override
        public long free(int gpu) {
            try (Memory sizes = new Memory(2 * Long.BYTES)) {
                check(runtime.getFunction("cudaSetDevice").invokeInt(new Object[] {gpu}));
                check(runtime.getFunction("cudaMemGetInfo").invokeInt(new Object[] {sizes, sizes.share(Long.BYTES)}));
                return sizes.getLong(0);
            }
        }

        private int attribute(int attribute, int gpu) {
            return integer(runtime, "cudaDeviceGetAttribute", attribute, gpu);
        }

        @Override
        public String versions() {
            int cuda = integer(runtime, "cudaRuntimeGetVersion");
            StringBuilder text = new StringBuilder("CUDA " + cuda / 1000 + "." + cuda % 1000 / 10);
            OptionalInt cudnn = cudnnVersion();
            if (cudnn.isPresent()) {
                int version = cudnn.getAsInt();
                text.append(", cuDNN ")
                        .append(version / 10_000)
                        .append('.')
                        .append(version % 10_000 / 100)
                        .append('.')
                        .append(version % 100);
            }
            LoadedLibrary.beside(TORCH, "cublas")
                    .ifPresent(cublas -> text.append(", cuBLAS ")
                            .append(integer(cublas, "cublasGetProperty", 0))
                            .append('.')
                            .append(integer(cublas, "cublasGetProperty", 1))
                            .append('.')
                            .append(integer(cublas, "cublasGetProperty", 2)));
            return text.toString();
        }

        private static OptionalInt cudnnVersion() {
            return LoadedLibrary.beside(TORCH, "cudnn").stream()
                    .mapToInt(
                            cudnn -> (int) cudnn.getFunction("cudnnGetVersion").invokeLong(new Object[0]))
                    .findFirst();
        }

        /**
         * A number that a call writes to its pointer: the first argument, as the runtime has it, or the last, as cuBLAS.
         */
        private int integer(NativeLibrary library, String call, Object... others) {
            try (Memory value = new Memory(Integer.BYTES)) {
                Object[] arguments = new Object[others.length + 1];
                boolean first = library == runtime;
                arguments[first ? 0 : others.length] = value;
                System.arraycopy(others, 0, arguments, first ? 1 : 0, others.length);
                check(library.getFunction(call).invokeInt(arguments));
                return value.getInt(0);
            }
        }

        private void check(int code) {
            if (code != 0) {
                String reason = runtime.getFunction("cudaGetErrorString").invokeString(new Object[] {code}, false);
                throw new Failure(reason + " (CUDA error " + code + ")");
            }
        }
    }
}
