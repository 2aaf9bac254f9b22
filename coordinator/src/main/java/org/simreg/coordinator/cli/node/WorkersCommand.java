package org.simreg.coordinator.cli.node;

import java.util.List;
import org.simreg.coordinator.cli.option.CoordinatorOptions;
import org.simreg.coordinator.cli.option.GlobalOptions;
import org.simreg.coordinator.grpc.client.ApiClient;
import org.simreg.coordinator.view.console.JobTables;
import org.simreg.proto.ListWorkersRequest;
import org.simreg.proto.WorkerStatus;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** The command {@code simreg workers}: a table of the workers that attend. */
@Command(
        name = "workers",
        description = "List the workers that attend, what each computes and when it was last heard; with"
                + " -v also its numeric profile, and why it isn't used.")
public final class WorkersCommand implements Runnable {
    private final GlobalOptions global;

    @Spec
    private CommandSpec spec;

    @Mixin
    private CoordinatorOptions coordinator;

    public WorkersCommand(GlobalOptions global) {
        this.global = global;
    }

    @Override
    public void run() {
        try (ApiClient client = coordinator.open()) {
            ListWorkersRequest all = ListWorkersRequest.getDefaultInstance();
            List<WorkerStatus> workers =
                    client.ask(jobs -> jobs.listWorkers(all)).getWorkersList();
            String table = JobTables.workers(workers, global.verbose(), System.currentTimeMillis());
            spec.commandLine().getOut().print(table);
            spec.commandLine().getOut().flush();
        }
    }
}
