package org.simreg.coordinator.cli.eval;

import java.util.function.ToIntFunction;
import org.simreg.coordinator.cli.option.GlobalOptions;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command {@code simreg eval}, whose subcommands evaluate the features of frozen weights. */
@Command(
        name = "eval",
        description = "Evaluate frozen weights: k-NN, linear probe, stages and head, transfer.",
        footer = {"", "See 'simreg eval COMMAND --help' for the options of a command."})
public final class EvalCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    private EvalCommand() {}

    /** The command with its subcommands. */
    public static CommandLine of(GlobalOptions global, ToIntFunction<EvalRequest> run) {
        return new CommandLine(new EvalCommand())
                .addSubcommand(new EvalKnnCommand(global, run))
                .addSubcommand(new EvalLinearCommand(global, run))
                .addSubcommand(new EvalStagesCommand(global, run))
                .addSubcommand(new EvalTransferCommand(global, run));
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "A command is missing");
    }
}
