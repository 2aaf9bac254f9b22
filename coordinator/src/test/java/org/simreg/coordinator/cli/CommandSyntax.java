package org.simreg.coordinator.cli;

import java.util.List;
import org.simreg.coordinator.cli.option.GlobalOptions;
import org.simreg.coordinator.cli.option.StopSignal;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/** The syntax of the command line: what may be typed, without doing it. */
public final class CommandSyntax {
    private CommandSyntax() {}

    /**
     * Parses a command line.
     *
     * @param arguments subcommand and options
     * @throws ParameterException if the command would refuse them as wrong usage
     */
    public static void check(List<String> arguments) {
        command().parseArgs(arguments.toArray(String[]::new));
    }

    /** The reference of all commands, as {@code simreg man --markdown} prints it. */
    public static String reference() {
        return CommandReference.of(command().getCommandSpec());
    }

    private static CommandLine command() {
        return Simreg.commandLine(new GlobalOptions(), Simreg.Actions.real(new StopSignal()));
    }
}
