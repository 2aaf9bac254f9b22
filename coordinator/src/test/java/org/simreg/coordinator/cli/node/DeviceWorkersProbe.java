package org.simreg.coordinator.cli.node;

import java.time.Duration;
import java.util.List;
import org.simreg.coordinator.cli.option.StopSignal;

/** A process that starts two workers, as {@code simreg worker --device cuda:all} does with two GPUs, on the CPU. */
final class DeviceWorkersProbe {
    private DeviceWorkersProbe() {}

    /**
     * @param arguments of both workers
     */
    public static void main(String[] arguments) {
        StopSignal stop = StopSignal.onSignal(System.err);
        DeviceArguments workers = new DeviceArguments(List.of(arguments), "gpu", 0, "", List.of("cpu", "cpu"));
        int code = workers.processes(Duration.ofSeconds(30)).run(stop);
        stop.finished();
        System.exit(code);
    }
}
