package org.simreg.coordinator.cli;

import java.io.PrintWriter;
import org.simreg.proto.JobField;
import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The commands about {@code simreg} itself: {@code settings} and {@code completion}. */
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

    /** The shells that the same script completes in. */
    enum Shell {
        BASH,
        ZSH
    }
}
