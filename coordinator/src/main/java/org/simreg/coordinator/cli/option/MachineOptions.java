package org.simreg.coordinator.cli.option;

import java.util.Optional;
import org.simreg.coordinator.node.VertxInstances;
import org.simreg.proto.Roots;
import org.simreg.proto.UserError;
import org.simreg.worker.data.cache.CacheSpace;
import org.simreg.worker.data.storage.WorkerSettings;
import picocli.CommandLine.Option;

/** Options for device and threads of a worker. */
public final class MachineOptions {
    @Option(
            names = "--device",
            paramLabel = "DEVICE",
            defaultValue = "auto",
            description = "auto, cpu, cuda or cuda:N; auto takes a GPU if there is one (default: auto)")
    private String device;

    @Option(names = "--threads", paramLabel = "N", description = "Threads of libtorch on the CPU (default: one a core)")
    private Integer threads;

    @Option(
            names = "--decode-threads",
            paramLabel = "N",
            description = "Threads that decode and augment images (default: one a core)")
    private Integer decodeThreads;

    @Option(
            names = "--no-torchscript",
            description = "Run no TorchScript file from outside: a job, bank or evaluation that names one is refused"
                    + " by this process (default: they are run once their operators are found to compute only)")
    private boolean noTorchscript;

    @Option(
            names = "--cache-size",
            paramLabel = "SIZE",
            description = "Disk space of the cache folder, samples, weights and indexes together, such as 20GB or 20Gi;"
                    + " what was not used for longest is deleted (default: half of the room that its file system has,"
                    + " 200 GB at most)")
    private String cacheSize;

    /** The user's cache folder and its space. */
    public CacheSpace cache() {
        return cacheSize == null
                ? CacheSpace.of(VertxInstances.cache())
                : CacheSpace.of(VertxInstances.cache(), cacheSize);
    }

    /** Whether TorchScript files from outside may be run. */
    public boolean torchscript() {
        return !noTorchscript;
    }

    /** Whether every GPU of the machine is meant. */
    public boolean allGpus() {
        return device.equals("cuda:all");
    }

    /** {@code auto}, {@code cpu} or {@code cuda:N}. */
    public String device() {
        if (!device.matches("auto|cpu|cuda(:\\d{1,3})?")) {
            throw new UserError("--device: '" + device + "' is no device; choose auto, cpu, cuda or cuda:N");
        }
        return device.equals("cuda") ? "cuda:0" : device;
    }

    public int threads() {
        return count("--threads", threads);
    }

    public int decodeThreads() {
        return count("--decode-threads", decodeThreads);
    }

    /** Settings with all of them, and with the user's cache folder. */
    public WorkerSettings settings() {
        return new WorkerSettings(
                device(),
                threads(),
                decodeThreads(),
                VertxInstances.cache(),
                Optional.empty(),
                Roots.ANYWHERE,
                torchscript(),
                cache());
    }

    private static int count(String option, Integer asked) {
        if (asked == null) {
            return Runtime.getRuntime().availableProcessors();
        }
        if (asked < 1 || asked > 1024) {
            throw new UserError(option + ": " + asked + " is out of bounds; choose 1 to 1024");
        }
        return asked;
    }
}
