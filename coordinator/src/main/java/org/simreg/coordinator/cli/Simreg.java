package org.simreg.coordinator.cli;

import java.io.PrintWriter;
import org.simreg.worker.distill.Export;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.IExecutionStrategy;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.RunLast;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The command {@code simreg} and what all its subcommands share. */
@Command(
        name = "simreg",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        description =
                "Distils self-supervised vision models into small ones by feature regression.",
        synopsisSubcommandLabel = "COMMAND",
        optionListHeading = "%nOptions of every command:%n",
        commandListHeading = "%nCommands:%n",
        footer = {
            "",
            "Exit codes: 0 done, 1 failed, 2 wrong usage or a refused job, 130 stopped by Ctrl-C.",
            "See 'simreg help COMMAND' for the options of a command."
        })
public final class Simreg implements Runnable {
    @Spec private CommandSpec spec;

    @Option(
            names = {"-v", "--verbose"},
            scope = ScopeType.INHERIT,
            description = "Show stack traces and the debug log (default: false)")
    private boolean verbose;

    @Option(
            names = {"-q", "--quiet"},
            scope = ScopeType.INHERIT,
            description = "Show no progress, only warnings and results (default: false)")
    private boolean quiet;

    private Simreg() {}

    /**
     * Runs the command and ends the JVM with its exit code.
     *
     * @param args subcommand and options
     */
    public static void main(String[] args) {
        Stop stop = Stop.onSignal(System.err);
        Actions actions = actions(stop);
        PrintWriter out = new PrintWriter(System.out, true);
        PrintWriter err = new PrintWriter(System.err, true);
        int code = run(actions, out, err, args);
        stop.finished();
        System.exit(code);
    }

    /**
     * Runs the command.
     *
     * @return exit code: 0 done, 1 failed, 2 wrong usage or a refused job
     */
    static int run(Actions actions, PrintWriter out, PrintWriter err, String... args) {
        Simreg simreg = new Simreg();
        CommandLine command = simreg.commandLine(actions).setOut(out).setErr(err);
        try {
            return command.execute(args);
        } catch (Error e) {
            return new Complaints(simreg).failed(e, command);
        }
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "A command is missing");
    }

    boolean verbose() {
        return verbose;
    }

    boolean quiet() {
        return quiet;
    }

    private static Actions actions(Stop stop) {
        return new Actions(
                request -> new EmbeddedRun(request, stop).run(),
                request -> {
                    Export.checkpoint(
                                    request.checkpoint(),
                                    request.network(),
                                    request.out(),
                                    request.size(),
                                    request.formats())
                            .forEach(System.out::println);
                    return 0;
                },
                request -> new EvalRun(request, stop).run(),
                request -> ClusterProcess.coordinator(request, stop),
                request -> ClusterProcess.worker(request, stop),
                stop);
    }

    private CommandLine commandLine(Actions actions) {
        CommandLine distill = new CommandLine(new DistillCommand(actions.distill()));
        JobOptions.addTo(distill.getCommandSpec());
        CommandLine features = new CommandLine(new FeaturesCommand(actions.stop()));
        JobOptions.addTo(features.getCommandSpec());
        CommandLine submit = new CommandLine(new SubmitCommand(actions.stop()));
        JobOptions.addTo(submit.getCommandSpec());
        Complaints complaints = new Complaints(this);
        IExecutionStrategy run = new RunLast();
        CommandLine command =
                new CommandLine(this)
                        .addSubcommand(distill)
                        .addSubcommand(features)
                        .addSubcommand(new ExportCommand(actions.export()))
                        .addSubcommand(new InspectCommand())
                        .addSubcommand(EvalCommand.of(actions.eval()))
                        .addSubcommand(IndexCommand.of())
                        .addSubcommand(new SearchCommand())
                        .addSubcommand(new ClassifyCommand())
                        .addSubcommand(new CoordinatorCommand(actions.coordinator()))
                        .addSubcommand(new WorkerCommand(actions.worker()))
                        .addSubcommand(submit)
                        .addSubcommand(new JobsCommand())
                        .addSubcommand(new WatchCommand(actions.stop()))
                        .addSubcommand(MoveCommand.of(MoveCommand.Move.CANCEL))
                        .addSubcommand(MoveCommand.of(MoveCommand.Move.PAUSE))
                        .addSubcommand(MoveCommand.of(MoveCommand.Move.RESUME))
                        .addSubcommand(new LogsCommand(actions.stop()))
                        .addSubcommand(new WorkersCommand())
                        .addSubcommand(new ScaleCommand())
                        .addSubcommand(new AuditCommand())
                        .addSubcommand(new TokenCommand())
                        .addSubcommand(new SettingsCommand())
                        .addSubcommand(new CompletionCommand())
                        .addSubcommand(new HelpCommand());
        return command.setExecutionStrategy(
                        parsed -> {
                            setUpLog();
                            return run.execute(parsed);
                        })
                .setParameterExceptionHandler(complaints)
                .setExecutionExceptionHandler(complaints)
                .setExpandAtFiles(false)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setUsageHelpLongOptionsMaxWidth(30)
                .setUsageHelpWidth(100);
    }

    /** Logback reads these when the first logger is made, which no command does before it runs. */
    private void setUpLog() {
        if (verbose) {
            System.setProperty("simreg.log.level", "DEBUG");
            System.setProperty("simreg.log.libraries", "INFO");
            System.setProperty("simreg.log.frames", "full");
        }
    }
}
