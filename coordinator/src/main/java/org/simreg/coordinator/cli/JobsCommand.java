package org.simreg.coordinator.cli;

import java.util.List;
import org.simreg.coordinator.client.ApiClient;
import org.simreg.coordinator.client.JobChoice;
import org.simreg.coordinator.status.Tables;
import org.simreg.proto.JobState;
import org.simreg.proto.JobStatus;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The command {@code simreg jobs}: a table of the jobs of a coordinator. */
@Command(
        name = "jobs",
        description = "List the jobs of a coordinator, newest first; with -v also why each waits.",
        footer = {"", "Example:", "  simreg jobs -v --state queued,running"})
final class JobsCommand implements Runnable {
    private final GlobalOptions global;

    @Spec private CommandSpec spec;
    @Mixin private CoordinatorOptions coordinator;

    @Option(
            names = "--state",
            paramLabel = "STATE",
            split = ",",
            completionCandidates = EnumNames.OfJobState.class,
            converter = EnumNames.OfJobState.class,
            description =
                    "Only jobs in these states: queued, running, paused, succeeded, failed,"
                            + " cancelled, separated by commas (default: all)")
    private List<JobState> states = List.of();

    JobsCommand(GlobalOptions global) {
        this.global = global;
    }

    @Override
    public void run() {
        try (ApiClient client = coordinator.open()) {
            List<JobStatus> jobs = JobChoice.all(client, states);
            String table = Tables.jobs(jobs, global.verbose(), System.currentTimeMillis());
            spec.commandLine().getOut().print(table);
            spec.commandLine().getOut().flush();
        }
    }
}
