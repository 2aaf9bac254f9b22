package org.simreg.coordinator.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code simreg index}: banks of features to search in. */
@Command(
        name = "index",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        description = "Make, list, describe and delete banks of features, which workers search.",
        synopsisSubcommandLabel = "COMMAND",
        optionListHeading = "%nOptions:%n",
        commandListHeading = "%nCommands:%n",
        footer = {"", "See 'simreg index COMMAND --help' for the options of a command."})
final class IndexCommand implements Runnable {
    @Spec private CommandSpec spec;
    @ParentCommand private Simreg simreg;

    private IndexCommand() {}

    /** With its subcommands. */
    static CommandLine of() {
        return new CommandLine(new IndexCommand())
                .addSubcommand(new IndexCreateCommand())
                .addSubcommand(new IndexListCommand())
                .addSubcommand(new IndexDescribeCommand())
                .addSubcommand(new IndexDeleteCommand());
    }

    boolean quiet() {
        return simreg.quiet();
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "A command is missing");
    }
}
