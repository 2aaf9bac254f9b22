package org.simreg.coordinator.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.simreg.coordinator.cli.option.GlobalOptions;
import org.simreg.coordinator.view.observe.ProcessLog;
import org.simreg.proto.Nearest;
import org.simreg.proto.UserError;
import org.simreg.worker.engine.torch.LibtorchFailure;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * The handler of a command's failures: one sentence on standard error, and the exit code 2 for
 * wrong usage, 1 for the rest.
 */
final class FailureMessages implements IParameterExceptionHandler, IExecutionExceptionHandler {
    /** The end of a command in a sentence that asks about banks. */
    private static final Pattern INDEX_COMMAND =
            Pattern.compile("(?<='simreg index (?:list|delete [^' ]{1,200}|describe [^' ]{1,200}))(?=')");

    private final GlobalOptions global;

    FailureMessages(GlobalOptions global) {
        this.global = global;
    }

    @Override
    public int handleParseException(ParameterException failure, String[] args) {
        CommandLine command = failure.getCommandLine();
        boolean aboutValue = failure.getCause() instanceof UserError;
        String see = " (see: simreg " + helpOf(command.getCommandSpec()) + ")";
        print(command, sentence(failure) + (aboutValue ? "" : see), failure);
        return CommandLine.ExitCode.USAGE;
    }

    @Override
    public int handleExecutionException(Exception failure, CommandLine command, ParseResult parsed) {
        return failed(failure, command);
    }

    /**
     * Prints any failure, also an error of the JVM, such as a native library that can't be loaded.
     */
    int failed(Throwable failure, CommandLine command) {
        Throwable explained = LibtorchFailure.explained(failure);
        String what = explained instanceof UserError
                ? ofSameBanks(explained.getMessage(), command)
                : "Failed by an unexpected error, " + failure + "; run it again with --verbose for details";
        print(command, what, failure);
        return CommandLine.ExitCode.SOFTWARE;
    }

    /** With commands that ask for the banks that this one asked for. */
    private static String ofSameBanks(String sentence, CommandLine command) {
        ParseResult parsed = command.getParseResult();
        Path banks = parsed == null ? null : parsed.matchedOptionValue("--banks", null);
        return banks == null
                ? sentence
                : INDEX_COMMAND.matcher(sentence).replaceAll(Matcher.quoteReplacement(" --banks " + banks) + "$0");
    }

    private void print(CommandLine command, String sentence, Throwable failure) {
        if (ProcessLog.isJson()) {
            LoggerFactory.getLogger("org.simreg.process").error(sentence, global.verbose() ? failure : null);
            return;
        }
        PrintWriter err = command.getErr();
        err.println("simreg: " + sentence);
        if (global.verbose()) {
            failure.printStackTrace(err);
        }
        err.flush();
    }

    private static String helpOf(CommandSpec command) {
        if (command.parent() == null) {
            return "--help";
        }
        boolean nested = command.parent().parent() != null;
        return nested ? command.parent().name() + " " + command.name() + " --help" : "help " + command.name();
    }

    private static String sentence(ParameterException failure) {
        if (failure instanceof UnmatchedArgumentException unmatched) {
            String first = unmatched.getUnmatched().get(0);
            CommandSpec command = failure.getCommandLine().getCommandSpec();
            return first.startsWith("-") ? unknownOption(first, command) : unknownWord(first, command);
        }
        boolean byHelp = failure.getArgSpec() == null && failure.getValue() != null;
        return byHelp
                ? unknownWord(failure.getValue(), failure.getCommandLine().getCommandSpec())
                : failure.getMessage();
    }

    private static String unknownOption(String text, CommandSpec command) {
        String asked = text.contains("=") ? text.substring(0, text.indexOf('=')) : text;
        List<String> known = new ArrayList<>(command.optionsMap().keySet());
        known.addAll(command.negatedOptionsMap().keySet());
        return "Unknown option " + asked + Nearest.hint(asked, known);
    }

    private static String unknownWord(String asked, CommandSpec command) {
        String kind = command.subcommands().isEmpty() ? "argument" : "subcommand";
        return "Unknown "
                + kind
                + " '"
                + asked
                + "'"
                + Nearest.hint(asked, command.subcommands().keySet());
    }
}
