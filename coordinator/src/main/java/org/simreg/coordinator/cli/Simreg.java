package org.simreg.coordinator.cli;

import java.io.FilterWriter;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.Writer;
import java.util.function.ToIntFunction;
import org.simreg.coordinator.cli.bank.ClassifyCommand;
import org.simreg.coordinator.cli.bank.IndexCommand;
import org.simreg.coordinator.cli.bank.SearchCommand;
import org.simreg.coordinator.cli.eval.EdgeRun;
import org.simreg.coordinator.cli.eval.EmbedCommand;
import org.simreg.coordinator.cli.eval.EvalCommand;
import org.simreg.coordinator.cli.eval.EvalRequest;
import org.simreg.coordinator.cli.eval.EvalRun;
import org.simreg.coordinator.cli.eval.ExportCommand;
import org.simreg.coordinator.cli.eval.InspectCommand;
import org.simreg.coordinator.cli.eval.NetworksCommand;
import org.simreg.coordinator.cli.job.AuditCommand;
import org.simreg.coordinator.cli.job.DistillCommand;
import org.simreg.coordinator.cli.job.EmbeddedRun;
import org.simreg.coordinator.cli.job.FeaturesCommand;
import org.simreg.coordinator.cli.job.JobsCommand;
import org.simreg.coordinator.cli.job.LogsCommand;
import org.simreg.coordinator.cli.job.MoveCommand;
import org.simreg.coordinator.cli.job.PackCommand;
import org.simreg.coordinator.cli.job.PriorityCommand;
import org.simreg.coordinator.cli.job.SubmitCommand;
import org.simreg.coordinator.cli.job.WatchCommand;
import org.simreg.coordinator.cli.node.ClusterProcess;
import org.simreg.coordinator.cli.node.CoordinatorCommand;
import org.simreg.coordinator.cli.node.ScaleCommand;
import org.simreg.coordinator.cli.node.TokenCommand;
import org.simreg.coordinator.cli.node.WorkerCommand;
import org.simreg.coordinator.cli.node.WorkersCommand;
import org.simreg.coordinator.cli.option.GlobalOptions;
import org.simreg.coordinator.cli.option.StopSignal;
import org.simreg.proto.Printable;
import org.simreg.worker.export.StudentExport;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.IExecutionStrategy;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.UsageMessageSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.RunLast;
import picocli.CommandLine.Spec;

/** The command {@code simreg}: its subcommands, and what all of them have in common. */
@Command(
        name = "simreg",
        description = "Distils self-supervised vision models into small ones by feature regression.",
        optionListHeading = "%nOptions of every command:%n",
        footer = {
            "",
            "Exit codes: 0 done, 1 failed, 2 wrong usage or settings, 130 stopped by Ctrl-C.",
            "See 'simreg help COMMAND' for the options of a command."
        })
public final class Simreg implements Runnable {
    @Spec
    private CommandSpec spec;

    @SuppressWarnings("UnusedVariable") // picocli reads and sets it
    @Mixin
    private final GlobalOptions global;

    /**
     * Actions that commands start, replaced in tests. Each returns the exit code, 0 for success,
     * and throws {@code UserError} for a failure that the user can put right.
     *
     * @param distill trains a student
     * @param export writes a checkpoint in other formats
     * @param eval evaluates frozen weights
     * @param process runs a coordinator or a worker until the signal to stop
     * @param stop the signal to stop, for commands that last
     */
    record Actions(
            ToIntFunction<EmbeddedRun.Settings> distill,
            ToIntFunction<ExportCommand.Settings> export,
            ToIntFunction<EvalRequest> eval,
            ToIntFunction<ClusterProcess> process,
            StopSignal stop) {
        /** The actions of the real command. */
        static Actions real(StopSignal stop) {
            return new Actions(
                    settings -> new EmbeddedRun(settings, stop).run(),
                    Simreg::export,
                    request -> new EvalRun(request, stop).run(),
                    process -> process.run(stop),
                    stop);
        }
    }

    /**
     * Options that print a command's help or version. Picocli's own standard ones can't be added to
     * a command that is a method once it is made: its arguments would be shifted.
     */
    @SuppressWarnings("UnusedVariable") // picocli sets them
    private static final class HelpOptions {
        @Option(
                names = {"-h", "--help"},
                usageHelp = true,
                description = "Show this help message and exit.")
        private boolean help;

        @Option(
                names = {"-V", "--version"},
                versionHelp = true,
                description = "Print version information and exit.")
        private boolean version;
    }

    /** The writer of all that commands print: what names of others must not do to a terminal is taken out. */
    private static final class PrintableWriter extends FilterWriter {
        private PrintableWriter(Writer out) {
            super(out);
        }

        static PrintWriter to(PrintWriter out) {
            return new PrintWriter(new PrintableWriter(out), true);
        }

        @Override
        public void write(int character) throws IOException {
            out.write(Printable.coloured(Character.toString(character)));
        }

        @Override
        public void write(char[] text, int from, int count) throws IOException {
            out.write(Printable.coloured(new String(text, from, count)));
        }

        @Override
        public void write(String text, int from, int count) throws IOException {
            out.write(Printable.coloured(text.substring(from, from + count)));
        }
    }

    private Simreg(GlobalOptions global) {
        this.global = global;
    }

    /**
     * Runs the command and ends the JVM with its exit code.
     *
     * @param args subcommand and options
     */
    @SuppressWarnings("DefaultCharset") // the terminal's own
    public static void main(String[] args) {
        StopSignal stop = StopSignal.onSignal(System.err);
        PrintWriter out = new PrintWriter(System.out, true);
        PrintWriter err = new PrintWriter(System.err, true);
        int code = run(Actions.real(stop), out, err, args);
        stop.finished();
        System.exit(code);
    }

    /**
     * Runs the command.
     *
     * @return exit code: 0 done, 1 failed, 2 wrong usage or settings
     */
    static int run(Actions actions, PrintWriter out, PrintWriter err, String... args) {
        GlobalOptions global = new GlobalOptions();
        FailureMessages failures = new FailureMessages(global);
        CommandLine command =
                commandLine(global, actions).setOut(PrintableWriter.to(out)).setErr(PrintableWriter.to(err));
        command.setParameterExceptionHandler(failures).setExecutionExceptionHandler(failures);
        try {
            return command.execute(args);
        } catch (Error e) {
            return failures.failed(e, command);
        }
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "A command is missing");
    }

    private static int export(ExportCommand.Settings settings) {
        StudentExport.checkpoint(settings.source(), settings.target(), notice -> System.err.println("note: " + notice))
                .forEach(System.out::println);
        if (settings.int8().isPresent()) {
            EdgeRun.write(settings);
        }
        return 0;
    }

    static CommandLine commandLine(GlobalOptions global, Actions actions) {
        CommandLine command = new CommandLine(new Simreg(global))
                .addSubcommand(DistillCommand.of(global, actions.distill()))
                .addSubcommand(FeaturesCommand.of(global, actions.stop()))
                .addSubcommand(new EmbedCommand(global, actions.stop()))
                .addSubcommand(new ExportCommand(actions.export()))
                .addSubcommand(new InspectCommand())
                .addSubcommand(new NetworksCommand())
                .addSubcommand(EvalCommand.of(global, actions.eval()))
                .addSubcommand(IndexCommand.of(global))
                .addSubcommand(new SearchCommand(global))
                .addSubcommand(new ClassifyCommand())
                .addSubcommand(new CoordinatorCommand(actions.process()))
                .addSubcommand(new WorkerCommand(actions.process()))
                .addSubcommand(SubmitCommand.of(global, actions.stop()))
                .addSubcommand(new JobsCommand(global))
                .addSubcommand(new WatchCommand(global, actions.stop()))
                .addSubcommand(MoveCommand.of(MoveCommand.Move.CANCEL))
                .addSubcommand(MoveCommand.of(MoveCommand.Move.PAUSE))
                .addSubcommand(MoveCommand.of(MoveCommand.Move.RESUME))
                .addSubcommand(new PriorityCommand())
                .addSubcommand(new LogsCommand(actions.stop()))
                .addSubcommand(new WorkersCommand(global))
                .addSubcommand(new ScaleCommand())
                .addSubcommand(new AuditCommand())
                .addSubcommand(new PackCommand(global))
                .addSubcommand(new TokenCommand())
                .addSubcommand(new MetaCommands.SettingsCommand())
                .addSubcommand(new MetaCommands.CompletionCommand())
                .addSubcommand(new MetaCommands.ManCommand());
        unify(command);
        // No heading stands between its parameters and the options of every command.
        command.getSubcommands().get("token").getCommandSpec().usageMessage().optionListHeading("");
        IExecutionStrategy run = new RunLast();
        return command.addSubcommand(new HelpCommand())
                .setExecutionStrategy(parsed -> {
                    setUpLog(global);
                    return run.execute(parsed);
                })
                .setExpandAtFiles(false)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setUsageHelpLongOptionsMaxWidth(30)
                .setUsageHelpWidth(100);
    }

    /** Gives a command and those below it --help and --version, order and headings. */
    private static void unify(CommandLine command) {
        CommandSpec spec = command.getCommandSpec();
        spec.addMixin("help", CommandSpec.forAnnotatedObject(new HelpOptions()));
        spec.versionProvider(new GlobalOptions.Version());
        UsageMessageSpec usage = spec.usageMessage();
        usage.sortOptions(false).synopsisSubcommandLabel("COMMAND");
        usage.commandListHeading("%nCommands:%n");
        if (usage.optionListHeading().isEmpty()) {
            usage.optionListHeading("%nOptions:%n");
        }
        command.getSubcommands().values().forEach(Simreg::unify);
    }

    /** Logback reads these when the first logger is made, which no command does before it runs. */
    private static void setUpLog(GlobalOptions global) {
        if (global.verbose()) {
            System.setProperty("simreg.log.level", "DEBUG");
            System.setProperty("simreg.log.libraries", "INFO");
            System.setProperty("simreg.log.frames", "full");
        }
    }
}
