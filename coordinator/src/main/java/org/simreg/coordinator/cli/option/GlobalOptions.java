package org.simreg.coordinator.cli.option;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;
import picocli.CommandLine.IVersionProvider;
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

    /** The versions of simreg, Java and system that {@code simreg --version} prints. */
    public static final class Version implements IVersionProvider {
        private static final String FILE = "/org/simreg/coordinator/cli/version.properties";

        @Override
        public String[] getVersion() {
            String java = System.getProperty("java.version");
            String system = System.getProperty("os.name") + " " + System.getProperty("os.arch");
            String commit = build().getProperty("commit");
            // A build from an archive of the sources has no commit.
            String from = commit.startsWith("$") ? "" : ", commit " + commit;
            return new String[] {
                "simreg " + number() + from,
                "libtorch " + build().getProperty("libtorch"),
                "Java " + java + ", " + system
            };
        }

        /** The build's version: coordinator and workers must have the same. */
        public static String number() {
            return build().getProperty("version");
        }

        private static Properties build() {
            Properties build = new Properties();
            try (InputStream file = Version.class.getResourceAsStream(FILE)) {
                build.load(file);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return build;
        }
    }
}
