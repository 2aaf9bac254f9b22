package org.simreg.coordinator.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import org.simreg.proto.JobField;
import org.simreg.proto.Nearest;
import org.simreg.proto.UserError;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The commands about {@code simreg} itself: {@code settings}, {@code completion} and {@code man}. */
final class MetaCommands {
    private MetaCommands() {}

    private static void print(CommandSpec command, String text) {
        PrintWriter out = command.commandLine().getOut();
        out.print(text);
        out.flush();
    }

    /** The command {@code simreg settings}: the table that docs/settings.md carries. */
    @Command(name = "settings", description = "Print every setting of a job as a Markdown table: key, option, default.")
    static final class SettingsCommand implements Runnable {
        @Spec
        private CommandSpec spec;

        @Override
        public void run() {
            print(spec, JobField.markdown());
        }
    }

    /** The command {@code simreg completion}: a script by which a shell completes options. */
    @Command(
            name = "completion",
            description = "Print a script that completes options in bash or zsh.",
            footer = {"", "Example:", "  source <(simreg completion bash)"})
    static final class CompletionCommand implements Runnable {
        @Spec
        private CommandSpec spec;

        @SuppressWarnings("UnusedVariable") // picocli refuses other shells
        @Parameters(paramLabel = "SHELL", defaultValue = "bash", description = "bash or zsh (default: bash)")
        private Shell shell;

        @Override
        public void run() {
            print(spec, AutoComplete.bash("simreg", spec.root().commandLine()));
        }
    }

    /** The command {@code simreg man}: the manual page of a command, or those of all as files. */
    @Command(
            name = "man",
            description =
                    "Print a command's manual page or its reference, or write the pages of all commands as files.",
            footer = {"", "Examples:", "  simreg man distill | man -l -", "  simreg man --out ~/.local/share/man/man1"})
    static final class ManCommand implements Runnable {
        @Spec
        private CommandSpec spec;

        @Parameters(
                paramLabel = "COMMAND",
                arity = "0..*",
                description = "Such as distill or eval knn (default: simreg itself)")
        private List<String> names = List.of();

        @Option(
                names = "--out",
                paramLabel = "DIR",
                description = "Write every command's page into this folder instead (default: none)")
        private Path folder;

        @Option(
                names = "--markdown",
                description =
                        "Print the reference of the command and all below it in Markdown, as docs/commands.md has it"
                                + " (default: false)")
        private boolean markdown;

        @Override
        public void run() {
            if (folder != null) {
                ManPage.write(spec.root(), folder);
                return;
            }
            CommandSpec command = spec.root();
            for (String name : names) {
                CommandLine below = command.subcommands().get(name);
                if (below == null) {
                    throw new UserError("simreg --help lists the commands; there is no '%s'%s"
                            .formatted(
                                    String.join(" ", names),
                                    Nearest.hint(name, command.subcommands().keySet())));
                }
                command = below.getCommandSpec();
            }
            print(spec, markdown ? CommandReference.of(command) : ManPage.of(command));
        }
    }

    /** The shells that the same script completes in. */
    enum Shell {
        BASH,
        ZSH
    }
}
