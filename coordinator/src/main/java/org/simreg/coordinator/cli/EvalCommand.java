package org.simreg.coordinator.cli;

import java.util.function.ToIntFunction;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code simreg eval}: what the features of frozen weights are worth. */
@Command(
        name = "eval",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        description = "Evaluate frozen weights: k-NN, linear probe, stages and head, transfer.",
        synopsisSubcommandLabel = "COMMAND",
        optionListHeading = "%nOptions:%n",
        commandListHeading = "%nCommands:%n",
        footer = {"", "See 'simreg eval COMMAND --help' for the options of a command."})
final class EvalCommand implements Runnable {
    @Spec private CommandSpec spec;
    @ParentCommand private Simreg simreg;

    private EvalCommand() {}

    /** With its subcommands. */
    static CommandLine of(ToIntFunction<EvalRequest> run) {
        return new CommandLine(new EvalCommand())
                .addSubcommand(new EvalKnnCommand(run))
                .addSubcommand(new EvalLinearCommand(run))
                .addSubcommand(new EvalStagesCommand(run))
                .addSubcommand(new EvalTransferCommand(run));
    }

    boolean quiet() {
        return simreg.quiet();
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "A command is missing");
    }
}
