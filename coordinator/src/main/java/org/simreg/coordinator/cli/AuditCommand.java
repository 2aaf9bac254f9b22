package org.simreg.coordinator.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.simreg.coordinator.run.Audit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code simreg audit}: whether a run lost or doubled nothing, by its ledger. */
@Command(
        name = "audit",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        description =
                "Check a run's ledger: no step lost, every sample once an epoch, equal digests.",
        customSynopsis = "simreg audit DIR",
        optionListHeading = "%nOptions:%n",
        footer = {
            "",
            "Exit codes: 0 clean, 1 violations, each printed with its line.",
            "",
            "Example:",
            "  simreg audit runs/resnet18-photos"
        })
final class AuditCommand implements Callable<Integer> {
    @Spec private CommandSpec spec;

    @Parameters(paramLabel = "DIR", description = "Run folder of a job (required)")
    private Path folder;

    @Override
    public Integer call() {
        Audit audit = Audit.of(folder);
        PrintWriter out = spec.commandLine().getOut();
        out.print(folder + ": " + audit.summary());
        audit.violations().forEach(out::println);
        int count = audit.violations().size();
        out.println(count == 0 ? "clean" : count + (count == 1 ? " violation" : " violations"));
        out.flush();
        return count == 0 ? 0 : 1;
    }
}
