package org.simreg.worker.engine.torch;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.JniUtils;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Supplier;
import org.simreg.proto.NumericProfile;
import org.simreg.proto.UserError;
import org.simreg.proto.UserError.NotHere;

/**
 * libtorch on one device, and the native memory that is not a step's. One thread uses it at a time;
 * a thread calls {@link #enter} first, because libtorch keeps its modes a thread.
 */
public final class Torch implements AutoCloseable {
    private static final Object GENERATOR = new Object();

    private final Device device;
    private final PtNDManager manager;
    private final int threads;
    private final boolean foreign;
    private final Processor processor;
    private final Gpus gpus;
    private final Transfers transfers;

    /**
     * @param device {@code auto} (the first GPU if there is one), {@code cpu} or {@code cuda:N}
     * @param threads of libtorch on the CPU, at least 1
     * @throws UserError if there is no such device, or no libtorch for this machine
     */
    public Torch(String device, int threads) {
        this(device, threads, true);
    }

    /** The CPU, which is copied to and from by another engine as if it were a GPU. */
    Torch(int threads, Transfers.Engine engine) {
        this("cpu", threads, true, Optional.of(engine));
    }

    /**
     * @param foreign whether TorchScript files from outside may be run
     */
    public Torch(String device, int threads, boolean foreign) {
        this(device, threads, foreign, Optional.empty());
    }

    private Torch(String device, int threads, boolean foreign, Optional<Transfers.Engine> engine) {
        this.foreign = foreign;
        processor = Processor.here();
        Engine libtorch = libtorch();
        ProcessExit.skipDestructors();
        processor.prepare();
        gpus = Gpus.here();
        this.device = gpus.device(device);
        if (cuda()) {
            new LibtorchFlags().exactOnGpu();
        }
        this.threads = threads;
        JniUtils.setNumThreads(threads);
        manager = (PtNDManager) libtorch.newBaseManager(this.device);
        transfers = new Transfers(
                cuda() ? Optional.of(new CudaCopies(this.device.getDeviceId())) : engine, manager.newSubManager());
    }

    static Engine libtorch() {
        try {
            return Engine.getEngine("PyTorch");
        } catch (RuntimeException | LinkageError e) {
            Throwable first = e;
            while (first.getCause() != null) {
                first = first.getCause();
            }
            String own = System.getenv("PYTORCH_LIBRARY_PATH");
            boolean outside = own != null && !own.isEmpty();
            throw new UserError(
                    "libtorch can't be loaded on %s %s (%s); %s"
                            .formatted(
                                    System.getProperty("os.name"),
                                    System.getProperty("os.arch"),
                                    LibtorchFailure.reason(first),
                                    outside
                                            ? "PYTORCH_LIBRARY_PATH names " + own + ", which PYTORCH_VERSION and"
                                                    + " PYTORCH_FLAVOR have to describe"
                                            : "simreg is made for Linux on x86-64 and ARM64 and for macOS on ARM64, each with"
                                                    + " an archive of its own"),
                    e);
        }
    }

    /**
     * Refuses a TorchScript file from outside if none are to be run.
     *
     * @throws NotHere naming the file
     */
    public void requireForeign(Path file) {
        if (!foreign) {
            throw refusedForeign(file.toString());
        }
    }

    /** The error of files from outside that aren't to be run. */
    public static NotHere refusedForeign(String what) {
        return new NotHere("%s is not run: this process takes no TorchScript files (--no-torchscript)".formatted(what));
    }

    /**
     * Prepares the calling thread. The profiling executor is off: it fuses after some runs, and
     * then a newcomer's first steps would round differently from a veteran's. Gradients are off: a
     * TorchScript teacher has parameters that ask for them, and its activations would be kept.
     */
    public void enter() {
        JniUtils.setGraphExecutorOptimize(false);
        JniUtils.setGradMode(false);
    }

    /**
     * Prepares the calling thread, whose operations then run on that thread alone: several threads
     * that each have their own work lose nothing to each other's barriers. libtorch keeps that
     * number a thread, but hands it on to threads that are new to it; {@link #restoreThreads}
     * undoes that.
     */
    public void enterAlone() {
        enter();
        JniUtils.setNumThreads(1);
    }

    /** Called on another thread after {@link #enterAlone}: new threads get the old number again. */
    public static void restoreThreads() {
        JniUtils.setNumThreads(JniUtils.getNumThreads());
    }

    /**
     * The numeric profile, which decides rounding: device, threads and library, and a fingerprint of results computed
     * here. Equal profiles give equal bits.
     */
    public String profile() {
        String kind = cuda()
                ? gpus.profile(device.getDeviceId())
                : "cpu x" + threads + " " + System.getProperty("os.arch") + processor.instructions();
        return NumericProfile.of(
                "libtorch " + Engine.getEngine("PyTorch").getVersion() + ", " + kind, Fingerprint.of(this));
    }

    /** "cpu", or the GPU's name. */
    String device() {
        return device.toString();
    }

    /**
     * Runs what draws random numbers: for one seed always the same ones, whatever was drawn before.
     * libtorch has one generator a process, so that nobody else draws meanwhile.
     */
    public static void drawing(long seed, Runnable call) {
        synchronized (GENERATOR) {
            JniUtils.setSeed(seed);
            call.run();
        }
    }

    /** Whether the device is a GPU. */
    public boolean cuda() {
        return device.isGpu();
    }

    /**
     * Runs a call as {@code torch.autocast} in bfloat16 would: for code that isn't ours and says nothing of types. It
     * holds for the calling thread until the call ends or fails. Linux only.
     */
    public <T> T inBfloat16(Supplier<T> call) {
        return Flags.LOADED.inBfloat16(cuda(), call);
    }

    /** libtorch's flags, found once. */
    private static final class Flags {
        private static final LibtorchFlags LOADED = new LibtorchFlags();
    }

    /** Bytes that are free on the device; of a CPU those that the JVM may take. */
    public long freeMemory() {
        return cuda() ? gpus.free(device.getDeviceId()) : Runtime.getRuntime().maxMemory();
    }

    /** Gives the GPU back what libtorch keeps of closed arrays, for other processes and other sizes. */
    public void trim() {
        if (cuda()) {
            JniUtils.emptyCudaCache();
        }
    }

    /** Scalars and names of methods on the host, whatever the device: nothing is copied for them. */
    public static NDArray onHost(NDManager scope, double... numbers) {
        ByteBuffer bytes =
                ByteBuffer.allocateDirect(numbers.length * Double.BYTES).order(ByteOrder.nativeOrder());
        bytes.asDoubleBuffer().put(numbers);
        return JniUtils.createNdFromByteBuffer(
                (PtNDManager) scope,
                bytes,
                new Shape(numbers.length),
                DataType.FLOAT64,
                SparseFormat.DENSE,
                Device.cpu());
    }

    /** Whether oneDNN computes, which has fused convolutions and sums bfloat16 products in float32: on CPUs that tell their caches. */
    public boolean fuses() {
        return !cuda() && processor.oneDnn();
    }

    /** Whether oneDNN has fast products of numbers of eight bits here. */
    public boolean multipliesBytes() {
        return fuses() && processor.multipliesBytes();
    }

    /** The scope of values that outlive a step; closed with this. */
    public NDManager manager() {
        return manager;
    }

    /** The traffic of steps between host and device. */
    public Transfers transfers() {
        return transfers;
    }

    /** A new scope for the native memory of one step; the caller closes it. */
    public NDManager scope() {
        return manager.newSubManager();
    }

    /**
     * Images on the device.
     *
     * @param bytes (n, size, size, 3) uint8, direct; on the CPU it is used in place and must
     *     outlive the array
     */
    public static NDArray images(NDManager scope, ByteBuffer bytes, int n, int size) {
        return JniUtils.createNdFromByteBuffer(
                (PtNDManager) scope,
                bytes.duplicate().order(ByteOrder.nativeOrder()),
                new Shape(n, size, size, 3),
                DataType.UINT8,
                SparseFormat.DENSE,
                scope.getDevice());
    }

    /**
     * Values in a buffer as a vector, without a copy on the CPU: the buffer must stay as it is while the array is used.
     *
     * @param bytes direct, native order; its first {@code n} float32 values are taken
     */
    public static NDArray floats(NDManager scope, ByteBuffer bytes, int n) {
        ByteBuffer first = bytes.duplicate().order(ByteOrder.nativeOrder());
        first.clear().limit(n * Float.BYTES);
        return JniUtils.createNdFromByteBuffer(
                (PtNDManager) scope, first, new Shape(n), DataType.FLOAT32, SparseFormat.DENSE, scope.getDevice());
    }

    @Override
    public void close() {
        transfers.close();
        manager.close();
    }
}
