package org.simreg.coordinator.cli.option;

import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** Options of every command: how much it prints. */
public final class GlobalOptions {
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

    public boolean verbose() {
        return verbose;
    }

    public boolean quiet() {
        return quiet;
    }
}
