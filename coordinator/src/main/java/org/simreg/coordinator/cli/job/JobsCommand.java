package org.simreg.coordinator.cli.job;

import java.util.List;
import org.simreg.coordinator.cli.option.CoordinatorOptions;
import org.simreg.coordinator.cli.option.EnumNames;
import org.simreg.coordinator.cli.option.GlobalOptions;
import org.simreg.coordinator.grpc.client.ApiClient;
import org.simreg.coordinator.grpc.client.JobFinder;
import org.simreg.coordinator.view.console.JobTables;
import org.simreg.proto.JobState;
import org.simreg.proto.JobStatus;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command {@code simreg jobs}: a table of the jobs of a coordinator. */
@Command(
        name = "jobs",
        description = "List the jobs of a coordinator, newest first; with -v also why each waits.",
        footer = {"", "Example:", "  simreg jobs -v --state queued,running"})
public final class JobsCommand implements Runnable {
    private final GlobalOptions global;

    @Spec
    private CommandSpec spec;

    @Mixin
    private CoordinatorOptions coordinator;

    @Option(
            names = "--state",
            paramLabel = "STATE",
            split = ",",
            completionCandidates = EnumNames.OfJobState.class,
            converter = EnumNames.OfJobState.class,
            description = "Only jobs in these states: queued, running, paused, succeeded, failed,"
                    + " cancelled, separated by commas (default: all)")
    private List<JobState> states = List.of();

    @Option(
            names = "--limit",
            paramLabel = "N",
            defaultValue = "1000",
            description = "The newest N jobs (default: ${DEFAULT-VALUE})")
    private int limit;

    public JobsCommand(GlobalOptions global) {
        this.global = global;
    }

    @Override
    public void run() {
        try (ApiClient client = coordinator.open()) {
            if (limit < 1) {
                throw new ParameterException(spec.commandLine(), "--limit must be at least 1, not " + limit);
            }
            List<JobStatus> found = JobFinder.newest(client, states, limit == Integer.MAX_VALUE ? limit : limit + 1);
            List<JobStatus> jobs = found.subList(0, Math.min(limit, found.size()));
            String table = JobTables.jobs(jobs, global.verbose(), System.currentTimeMillis());
            spec.commandLine().getOut().print(table);
            spec.commandLine().getOut().flush();
            if (found.size() > limit) {
                spec.commandLine().getErr().println("Only the newest " + limit + " jobs; --limit shows more");
                spec.commandLine().getErr().flush();
            }
        }
    }
}
