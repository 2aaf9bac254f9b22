package org.simreg.coordinator.cli;

import org.simreg.proto.SettingsTable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code simreg settings}: the table that the README carries. */
@Command(
        name = "settings",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        description = "Print every setting of a job as a Markdown table: key, option, default.",
        optionListHeading = "%nOptions:%n")
final class SettingsCommand implements Runnable {
    @Spec private CommandSpec spec;

    @Override
    public void run() {
        spec.commandLine().getOut().print(SettingsTable.markdown());
        spec.commandLine().getOut().flush();
    }
}
