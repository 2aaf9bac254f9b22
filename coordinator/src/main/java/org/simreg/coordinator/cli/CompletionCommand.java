package org.simreg.coordinator.cli;

import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code simreg completion}: what makes a shell complete options and their values. */
@Command(
        name = "completion",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        description = "Print a script that completes options in bash or zsh.",
        optionListHeading = "%nOptions:%n",
        footer = {"", "Example:", "  source <(simreg completion bash)"})
final class CompletionCommand implements Runnable {
    /** Shells that the same script serves. */
    enum Shell {
        BASH,
        ZSH
    }

    @Spec private CommandSpec spec;

    @Parameters(
            paramLabel = "SHELL",
            defaultValue = "bash",
            description = "bash or zsh (default: bash)")
    private Shell shell;

    @Override
    public void run() {
        String script = AutoComplete.bash("simreg", spec.root().commandLine());
        spec.commandLine().getOut().print(script);
        spec.commandLine().getOut().flush();
    }
}
