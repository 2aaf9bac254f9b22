package org.simreg.coordinator.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.ToIntFunction;
import org.simreg.proto.UserError;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code simreg coordinator}: keeps jobs and tells workers what to do. */
@Command(
        name = "coordinator",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        versionProvider = Version.class,
        description =
                "Run the coordinator of a cluster: it keeps the jobs, divides them among the"
                        + " workers, and stores their checkpoints.",
        optionListHeading = "%nOptions:%n",
        footer = {
            "",
            "There is no password: whoever reaches the port can submit jobs. Listen only in a"
                    + " network that you trust.",
            "Ctrl-C ends the coordinator; its workers train on and find it again when it is back.",
            "",
            "Example:",
            "  simreg coordinator --host 10.0.0.5 --home /data/simreg"
        })
final class CoordinatorCommand implements Callable<Integer> {
    private final ToIntFunction<CoordinatorRequest> run;

    @Spec private CommandSpec spec;

    @Option(
            names = "--host",
            paramLabel = "ADDRESS",
            defaultValue = "127.0.0.1",
            description =
                    "Address of this machine that clients and workers reach it by (default:"
                            + " 127.0.0.1, for this machine only)")
    private String host;

    @Option(
            names = "--port",
            paramLabel = "N",
            defaultValue = "7100",
            description =
                    "Port for clients and workers, 0 to 65535; 0 takes any that is free (default:"
                            + " 7100)")
    private int port;

    @Option(
            names = "--home",
            paramLabel = "DIR",
            description =
                    "Folder that keeps the list of jobs, for one coordinator at a time; made if"
                            + " absent (default: simreg below XDG_DATA_HOME or ~/.local/share)")
    private Path home;

    @Option(
            names = "--cluster-port",
            paramLabel = "N",
            defaultValue = "5701",
            description =
                    "Port for the cluster's own messages, 0 to 65535; 0 takes any that is free from"
                            + " 5701 on (default: 5701)")
    private int clusterPort;

    @Mixin private ClusterOptions cluster;
    @Mixin private ScaleOptions scale;

    @Mixin private ObserveOptions observing;

    CoordinatorCommand(ToIntFunction<CoordinatorRequest> run) {
        this.run = run;
    }

    @Override
    public Integer call() {
        return run.applyAsInt(request());
    }

    private CoordinatorRequest request() {
        try {
            return new CoordinatorRequest(
                    ClusterOptions.port("--port", port, 0),
                    (home == null ? usualHome() : home).toAbsolutePath().normalize(),
                    cluster.address(host, clusterPort, List.of()),
                    observing.asked(),
                    scale.settings());
        } catch (UserError e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
    }

    private static Path usualHome() {
        String data = System.getenv("XDG_DATA_HOME");
        Path base =
                data == null || data.isBlank()
                        ? Path.of(System.getProperty("user.home"), ".local", "share")
                        : Path.of(data);
        return base.resolve("simreg");
    }
}
