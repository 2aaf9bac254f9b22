package org.simreg.coordinator.cli;

import java.util.List;
import org.simreg.coordinator.client.ApiClient;
import org.simreg.coordinator.status.Tables;
import org.simreg.proto.ListWorkersRequest;
import org.simreg.proto.WorkerStatus;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code simreg workers}: a table. */
@Command(
        name = "workers",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        versionProvider = Version.class,
        description =
                "List the workers that attend, what each computes and when it was last heard; with"
                        + " -v also its numeric profile, and why it isn't used.",
        optionListHeading = "%nOptions:%n")
final class WorkersCommand implements Runnable {
    @Spec private CommandSpec spec;
    @ParentCommand private Simreg simreg;
    @Mixin private CoordinatorOptions coordinator;

    @Override
    public void run() {
        try (ApiClient client = coordinator.open()) {
            ListWorkersRequest all = ListWorkersRequest.getDefaultInstance();
            List<WorkerStatus> workers = client.ask(jobs -> jobs.listWorkers(all)).getWorkersList();
            String table = Tables.workers(workers, simreg.verbose(), System.currentTimeMillis());
            spec.commandLine().getOut().print(table);
            spec.commandLine().getOut().flush();
        }
    }
}
