package org.simreg.coordinator.cli.job;

import java.util.concurrent.Callable;
import org.simreg.coordinator.cli.option.CoordinatorOptions;
import org.simreg.coordinator.cli.option.GlobalOptions;
import org.simreg.coordinator.cli.option.StopSignal;
import org.simreg.coordinator.grpc.client.ApiClient;
import org.simreg.coordinator.grpc.client.JobFinder;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The command {@code simreg watch}: shows a job's progress until it ends. */
@Command(
        name = "watch",
        description = "Show a job's progress, past and live, until it ends.",
        footer = {
            "",
            "Ctrl-C ends the watch and leaves the job running. While the coordinator is away the"
                    + " watch waits for it, and goes on with the event after the last.",
            "",
            "Example:",
            "  simreg watch resnet18-photos"
        })
public final class WatchCommand implements Callable<Integer> {
    private final GlobalOptions global;
    private final StopSignal stop;

    @Spec
    private CommandSpec spec;

    @Mixin
    private CoordinatorOptions coordinator;

    @Parameters(paramLabel = "JOB", description = "Id or name of the job, or how one of them begins (required)")
    private String job;

    @Option(
            names = "--from",
            paramLabel = "N",
            defaultValue = "0",
            description = "Sequence number of the first event shown (default: 0)")
    private long from;

    public WatchCommand(GlobalOptions global, StopSignal stop) {
        this.global = global;
        this.stop = stop;
    }

    @Override
    public Integer call() {
        if (from < 0) {
            String what = "--from: " + from + " is out of bounds; choose 0 or more";
            throw new ParameterException(spec.commandLine(), what);
        }
        try (ApiClient client = coordinator.open()) {
            JobDisplay watch = new JobDisplay(client, stop, spec.commandLine().getOut(), global.quiet());
            return watch.show(JobFinder.find(client, job).getId(), from);
        }
    }
}
