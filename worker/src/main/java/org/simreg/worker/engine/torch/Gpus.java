package org.simreg.worker.engine.torch;

import ai.djl.Device;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.simreg.proto.UserError;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The GPUs that libtorch can compute on, counted by the CUDA runtime that it has loaded itself. DJL's own count needs a
 * {@code libcudart.so} without version, which neither PyTorch's wheels nor its images have.
 */
public final class Gpus {
    private static final Logger LOG = LoggerFactory.getLogger(Gpus.class);

    private final Optional<CudaRuntime> runtime;

    /** @param runtime empty with a libtorch for CPUs */
    Gpus(Optional<CudaRuntime> runtime) {
        this.runtime = runtime;
    }

    /** Those of this process, whose libtorch is loaded if it isn't yet. */
    public static Gpus here() {
        Torch.libtorch();
        return new Gpus(CudaRuntime.loaded());
    }

    /**
     * The device of a name.
     *
     * @param name {@code auto} (the first GPU if there is one, else the CPU, saying why if libtorch is one for GPUs),
     *     {@code cpu}, {@code cuda} or {@code cuda:N}
     * @throws UserError if there is no such device, with the reason
     */
    Device device(String name) {
        if (name.equals("cpu")) {
            return Device.cpu();
        }
        if (!name.equals("auto") && !name.matches("cuda(:\\d{1,4})?")) {
            throw new UserError("device \"" + name + "\" is unknown; use auto, cpu or cuda:N");
        }
        if (runtime.isEmpty()) {
            if (name.equals("auto")) {
                return Device.cpu();
            }
            throw new UserError(
                    "device %s is not there: this libtorch computes on CPUs only; use cpu, or set".formatted(name)
                            + " PYTORCH_LIBRARY_PATH, PYTORCH_VERSION and PYTORCH_FLAVOR to one for CUDA");
        }
        int count;
        try {
            count = runtime.get().count();
        } catch (CudaRuntime.Failure e) {
            if (name.equals("auto")) {
                LOG.warn("libtorch is one for CUDA, but sees no GPU: {}; computing on the CPU", e.getMessage());
                return Device.cpu();
            }
            throw new UserError("device %s is not there: CUDA says \"%s\"; look at nvidia-smi, or use cpu"
                    .formatted(name, e.getMessage()));
        }
        int number = name.contains(":") ? Integer.parseInt(name.substring(name.indexOf(':') + 1)) : 0;
        if (number >= count) {
            throw new UserError("device %s is not there: libtorch sees %s; use %s"
                    .formatted(
                            name,
                            count == 1 ? "one GPU" : count + " GPUs",
                            count == 1 ? "cuda:0" : "cuda:0 to cuda:" + (count - 1)));
        }
        return Device.gpu(number);
    }

    /**
     * The names of all, {@code cuda:0} first.
     *
     * @throws UserError if there is none, with the reason
     */
    public List<String> all() {
        device("cuda:0");
        return IntStream.range(0, runtime.orElseThrow().count())
                .mapToObj(number -> "cuda:" + number)
                .toList();
    }

    /**
     * The device of a name, as workers call it and as it is known on this machine.
     *
     * @param device "cpu" or "cuda:N"
     * @param place "cpu", or the GPU's slot
     */
    public record Place(String device, String place) {}

    /**
     * The place of the device of a name.
     *
     * @param name as for {@link Torch}
     * @throws UserError if there is no such device, with the reason
     */
    public Place place(String name) {
        Device device = device(name);
        return device.isGpu()
                ? new Place(
                        "cuda:" + device.getDeviceId(), runtime.orElseThrow().slot(device.getDeviceId()))
                : new Place("cpu", "cpu");
    }

    /** Bytes that are free on a GPU. */
    long free(int number) {
        return runtime.orElseThrow().free(number);
    }

    /** What decides rounding on a GPU: its model and compute capability, and the versions of CUDA's libraries. */
    String profile(int number) {
        CudaRuntime cuda = runtime.orElseThrow();
        return "cuda " + cuda.name(number) + " " + cuda.capability(number) + ", " + cuda.versions();
    }
}
