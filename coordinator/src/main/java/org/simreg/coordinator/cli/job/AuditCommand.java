package org.simreg.coordinator.cli.job;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.simreg.coordinator.cli.option.CoordinatorOptions;
import org.simreg.coordinator.grpc.client.ApiClient;
import org.simreg.coordinator.grpc.client.JobFinder;
import org.simreg.coordinator.run.audit.Audit;
import org.simreg.proto.UserError;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The command {@code simreg audit}: checks from its ledger that a run lost or doubled nothing. */
@Command(
        name = "audit",
        description = "Check a run's ledger: no step lost, every sample once an epoch, equal digests.",
        customSynopsis = {"simreg audit DIR", "       simreg audit JOB [OPTIONS]"},
        footer = {
            "",
            "Only for a JOB a coordinator is asked, where its run folder is; this machine must see" + " that folder.",
            "Exit codes: 0 clean, 1 violations, each printed with its line.",
            "",
            "Example:",
            "  simreg audit runs/resnet18-photos"
        })
public final class AuditCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    private CoordinatorOptions coordinator;

    @Parameters(
            paramLabel = "DIR|JOB",
            description = "Run folder; or id or name of a job, or how one of them begins (required)")
    private String run;

    @Override
    public Integer call() {
        Path folder = folder();
        Audit audit = Audit.of(folder);
        PrintWriter out = spec.commandLine().getOut();
        out.print(folder + ": " + audit.summary());
        audit.violations().forEach(out::println);
        int count = audit.violations().size();
        out.println(count == 0 ? "clean" : count + (count == 1 ? " violation" : " violations"));
        out.flush();
        return count == 0 ? 0 : 1;
    }

    private Path folder() {
        boolean path = run.contains("/") || Files.exists(Path.of(run));
        return path ? Path.of(run) : ofJob();
    }

    private Path ofJob() {
        try (ApiClient client = coordinator.open()) {
            Path folder = Path.of(JobFinder.find(client, run).getFolder());
            if (!Files.isDirectory(folder)) {
                String what = " of the job " + run + " can't be seen from this machine";
                throw new UserError("The run folder " + folder + what + "; run the audit where it can");
            }
            return folder;
        }
    }
}
