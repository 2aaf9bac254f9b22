package org.simreg.coordinator.cli.node;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.ToIntFunction;
import org.simreg.coordinator.cli.node.ClusterProcess.CoordinatorProcess;
import org.simreg.coordinator.cli.option.GlobalOptions;
import org.simreg.coordinator.cli.option.ProcessOptions;
import org.simreg.coordinator.cli.option.SecurityOptions;
import org.simreg.coordinator.job.scale.ScaleService.Bounds;
import org.simreg.coordinator.job.scale.ScaleSettings;
import org.simreg.coordinator.node.CoordinatorNode;
import org.simreg.proto.UserError;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The command {@code simreg coordinator}: runs the process that keeps jobs and leads workers. */
@Command(
        name = "coordinator",
        description = "Run the coordinator of a cluster: it keeps the jobs, divides them among the"
                + " workers, and stores their checkpoints.",
        footer = {
            "",
            "Without --tokens or --tls-client-ca whoever reaches the port can submit jobs; without"
                    + " TLS whoever is on the way can read. The cluster's own port (Hazelcast) is"
                    + " never encrypted: it belongs in a network that you trust.",
            "Ctrl-C ends the coordinator; its workers train on and find it again when it is back.",
            "",
            "Example:",
            "  simreg coordinator --host 10.0.0.5 --home /data/simreg"
        })
public final class CoordinatorCommand implements Callable<Integer> {
    private final ToIntFunction<ClusterProcess> run;

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--host",
            paramLabel = "ADDRESS",
            defaultValue = "127.0.0.1",
            description = "Address of this machine that clients and workers reach it by (default:"
                    + " 127.0.0.1, for this machine only)")
    private String host;

    @Option(
            names = "--listen",
            paramLabel = "ADDRESS",
            description = "Address that the port for clients and workers listens on; :: is every one, of IPv6 and IPv4"
                    + " (default: that of --host)")
    private String listen;

    @Option(
            names = "--port",
            paramLabel = "N",
            defaultValue = "7100",
            description = "Port for clients and workers, 0 to 65535; 0 takes any that is free (default:" + " 7100)")
    private int port;

    @Option(
            names = "--home",
            paramLabel = "DIR",
            description = "Folder that keeps the list of jobs, for one coordinator at a time; made if"
                    + " absent (default: simreg below XDG_DATA_HOME or ~/.local/share)")
    private Path home;

    @Option(
            names = "--cluster-port",
            paramLabel = "N",
            defaultValue = "5701",
            description = "Port for the cluster's own messages, 0 to 65535; 0 takes any that is free from"
                    + " 5701 on (default: 5701)")
    private int clusterPort;

    @Mixin
    private ProcessOptions process;

    @Mixin
    private ScaleOptions scale;

    @Mixin
    private SecurityOptions.ServerSecurity security;

    public CoordinatorCommand(ToIntFunction<ClusterProcess> run) {
        this.run = run;
    }

    @Override
    public Integer call() {
        return run.applyAsInt(process());
    }

    private CoordinatorProcess process() {
        try {
            process.boundConnections();
            CoordinatorNode.Settings settings = new CoordinatorNode.Settings(
                    listen == null ? host : listen,
                    ProcessOptions.port("--port", port),
                    (home == null ? usualHome() : home).toAbsolutePath().normalize(),
                    GlobalOptions.Version.number(),
                    process.cluster(host, clusterPort, List.of()),
                    process.http(host),
                    scale.settings(),
                    security.read());
            return new CoordinatorProcess(settings, process.jsonLog());
        } catch (UserError e) {
            throw process.refusal(spec.commandLine(), e);
        }
    }

    private static Path usualHome() {
        String data = System.getenv("XDG_DATA_HOME");
        Path base = data == null || data.isBlank()
                ? Path.of(System.getProperty("user.home"), ".local", "share")
                : Path.of(data);
        return base.resolve("simreg");
    }

    /** Options for the bounds of the number of workers that a coordinator asks for. */
    private static final class ScaleOptions {
        @Option(
                names = "--min-workers",
                paramLabel = "N",
                defaultValue = "0",
                description = "Workers wanted even if there is no job, 0 to 4096 (default: 0; 'simreg scale'"
                        + " changes it while the coordinator runs)")
        private int min;

        @Option(
                names = "--max-workers",
                paramLabel = "N",
                defaultValue = "4096",
                description = "Workers wanted at most, 0 to 4096 (default: 4096; 'simreg scale' changes it"
                        + " while the coordinator runs)")
        private int max;

        @Option(
                names = "--scale-down-after",
                paramLabel = "N",
                defaultValue = "60",
                description = "How long workers are wanted on after they were last needed, 0 to 86400 seconds"
                        + " (default: 60)")
        private long downDelay;

        /**
         * @throws UserError if an option is wrong
         */
        public ScaleSettings settings() {
            try {
                return new ScaleSettings(new Bounds(min, max), Duration.ofSeconds(downDelay));
            } catch (UserError e) {
                throw new UserError("--min-workers, --max-workers, --scale-down-after: " + e.getMessage(), e);
            }
        }
    }
}
