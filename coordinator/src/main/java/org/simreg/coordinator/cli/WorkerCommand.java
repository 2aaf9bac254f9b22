package org.simreg.coordinator.cli;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.ToIntFunction;
import org.simreg.coordinator.client.Target;
import org.simreg.proto.UserError;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code simreg worker}: trains what the coordinator gives it. */
@Command(
        name = "worker",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        versionProvider = Version.class,
        description = "Run a worker: it computes its part of the coordinator's jobs.",
        optionListHeading = "%nOptions:%n",
        footer = {
            "",
            "Ctrl-C or SIGTERM: the worker leaves at the end of a step, the others train on.",
            "Exit code 75: the cluster has lost sight of this worker; start it again.",
            "",
            "Example:",
            "  simreg worker --coordinator 10.0.0.5:7100 --device cuda:0"
        })
final class WorkerCommand implements Callable<Integer> {
    private final ToIntFunction<WorkerRequest> run;

    @Spec private CommandSpec spec;

    @Option(
            names = "--coordinator",
            paramLabel = "HOST:PORT",
            defaultValue = "${env:SIMREG_COORDINATOR:-localhost:7100}",
            description =
                    "Where the coordinator listens (default: the environment's SIMREG_COORDINATOR,"
                            + " else localhost:7100)")
    private String coordinator;

    @Option(
            names = "--name",
            paramLabel = "NAME",
            description =
                    "Name of the worker, unique in the cluster (default: the machine's and the"
                            + " process' number)")
    private String name;

    @Mixin private MachineOptions machine;

    @Option(
            names = "--host",
            paramLabel = "ADDRESS",
            description =
                    "Address of this machine that coordinator and other workers reach it by"
                            + " (default: the one it has towards the coordinator)")
    private String host;

    @Option(
            names = "--cluster-port",
            paramLabel = "N",
            defaultValue = "0",
            description =
                    "Port for the cluster's own messages, 0 to 65535; 0 takes any that is free from"
                            + " 5701 on (default: 0)")
    private int clusterPort;

    @Mixin private ClusterOptions cluster;

    @Mixin private ObserveOptions observing;

    WorkerCommand(ToIntFunction<WorkerRequest> run) {
        this.run = run;
    }

    @Override
    public Integer call() {
        return run.applyAsInt(request());
    }

    private WorkerRequest request() {
        try {
            Target target = Target.parse("--coordinator", coordinator, Target.PORT);
            String own = host == null ? OwnAddress.towards(target) : host;
            Target peer = new Target(target.host(), ClusterOptions.PORT);
            return new WorkerRequest(
                    target,
                    name(),
                    machine.device(),
                    machine.threads(),
                    machine.decodeThreads(),
                    cluster.address(own, clusterPort, List.of(peer.toString())),
                    observing.asked());
        } catch (UserError e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
    }

    private String name() {
        String asked = name == null ? machineName() + "-" + ProcessHandle.current().pid() : name;
        if (!asked.matches("[\\p{L}\\p{N}][\\p{L}\\p{N}._-]{0,99}")) {
            String rule =
                    "; begin with a letter or digit, then letters, digits or . - _, up to 100";
            throw new UserError("--name: '" + asked + "' can't name a worker" + rule);
        }
        return asked;
    }

    private static String machineName() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException nameless) {
            return "worker";
        }
    }
}
