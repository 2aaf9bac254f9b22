package org.simreg.coordinator.cli.job;

import org.simreg.coordinator.cli.option.CoordinatorOptions;
import org.simreg.coordinator.grpc.client.ApiClient;
import org.simreg.coordinator.grpc.client.JobFinder;
import org.simreg.coordinator.view.console.JobTables;
import org.simreg.proto.JobStatus;
import org.simreg.proto.PriorityRequest;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The command {@code simreg priority}: gives a job another priority. */
@Command(
        name = "priority",
        description = "Give a job another priority: jobs of a higher one are given workers first.",
        footer = {"", "Example:", "  simreg priority resnet18-photos 10"})
public final class PriorityCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Mixin
    private CoordinatorOptions coordinator;

    @Parameters(paramLabel = "JOB", description = "Id or name of the job, or how one of them begins (required)")
    private String job;

    @Parameters(paramLabel = "N", description = "The priority, 0 to 1000 (required)")
    private int priority;

    @Override
    public void run() {
        try (ApiClient client = coordinator.open()) {
            PriorityRequest request = PriorityRequest.newBuilder()
                    .setId(JobFinder.find(client, job).getId())
                    .setPriority(priority)
                    .build();
            JobStatus changed = client.ask(jobs -> jobs.setPriority(request));
            spec.commandLine()
                    .getOut()
                    .println(JobTables.state(changed) + "; its priority is " + changed.getPriority());
        }
    }
}
