package org.simreg.worker.engine.torch;

import com.sun.jna.Function;
import com.sun.jna.Memory;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;

/**
 * Asynchronous copies between host and device (cudaMemcpyAsync) on a separate CUDA stream, by the CUDA runtime that
 * libtorch has loaded. libtorch computes on the default
 * stream, which a stream made as non-blocking doesn't wait for by itself.
 */
final class CudaCopies implements Transfers.Engine {
    private static final int TO_DEVICE = 1;
    private static final int TO_HOST = 2;
    private static final int NON_BLOCKING = 1;
    private static final int WITH_TIMES = 0;
    private static final int WITHOUT_TIMES = 2;
    private static final int NOT_READY = 600;
    /** libtorch's: the default stream. */
    private static final Pointer COMPUTATION = null;

    private final NativeLibrary runtime;
    private final int gpu;
    private final Pointer stream;

    CudaCopies(int gpu) {
        runtime = LoadedLibrary.beside(CudaRuntime.TORCH, "cudart")
                .orElseThrow(() -> new IllegalStateException("CUDA is not loaded"));
        this.gpu = gpu;
        stream = made("cudaStreamCreateWithFlags", NON_BLOCKING);
    }

    @Override
    public void pin(long address, long bytes) {
        call("cudaHostRegister", new Pointer(address), bytes, 0);
    }

    @Override
    public void unpin(long address) {
        call("cudaHostUnregister", new Pointer(address));
    }

    @Override
    public void copy(long to, long from, long bytes, boolean toDevice) {
        int kind = toDevice ? TO_DEVICE : TO_HOST;
        call("cudaMemcpyAsync", new Pointer(to), new Pointer(from), bytes, kind, stream);
    }

    @Override
    public long computed() {
        return mark(COMPUTATION, WITHOUT_TIMES);
    }

    @Override
    public long timed() {
        return mark(COMPUTATION, WITH_TIMES);
    }

    @Override
    public long nanos(long from, long to) {
        try (Memory milliseconds = new Memory(Float.BYTES)) {
            call("cudaEventElapsedTime", milliseconds, new Pointer(from), new Pointer(to));
            return (long) (milliseconds.getFloat(0) * 1e6);
        }
    }

    @Override
    public long copied() {
        return mark(stream, WITHOUT_TIMES);
    }

    private long mark(Pointer of, int times) {
        Pointer event = made("cudaEventCreateWithFlags", times);
        call("cudaEventRecord", event, of);
        return Pointer.nativeValue(event);
    }

    @Override
    public void copiesAfter(long mark) {
        call("cudaStreamWaitEvent", stream, new Pointer(mark), 0);
    }

    @Override
    public void computesAfter(long mark) {
        call("cudaStreamWaitEvent", COMPUTATION, new Pointer(mark), 0);
    }

    @Override
    public boolean reached(long mark) {
        int code = code("cudaEventQuery", new Pointer(mark));
        if (code == NOT_READY) {
            // It is the thread's last error now, which libtorch asks for after its next kernel.
            code("cudaGetLastError");
            return false;
        }
        check("cudaEventQuery", code);
        return true;
    }

    @Override
    public void await(long mark) {
        call("cudaEventSynchronize", new Pointer(mark));
    }

    @Override
    public void free(long mark) {
        call("cudaEventDestroy", new Pointer(mark));
    }

    private Pointer made(String call, int flags) {
        try (Memory made = new Memory(Long.BYTES)) {
            call(call, made, flags);
            return made.getPointer(0);
        }
    }

    /** The runtime has a current device a thread. */
    private void call(String name, Object... arguments) {
        check("cudaSetDevice", code("cudaSetDevice", gpu));
        check(name, code(name, arguments));
    }

    private int code(String name, Object... arguments) {
        Function function = runtime.getFunction(name);
        return function.invokeInt(arguments);
    }

    /** In the words of libtorch's errors, so that a broken GPU is known by them. */
    private void check(String name, int code) {
        if (code != 0) {
            String reason = runtime.getFunction("cudaGetErrorString").invokeString(new Object[] {code}, false);
            throw new IllegalStateException("CUDA error: " + reason + " (" + name + ", " + code + ")");
        }
    }

    @Override
    public void close() {
        call("cudaStreamDestroy", stream);
    }
}
