package org.simreg.coordinator.cli.node;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.ToIntFunction;
import org.simreg.coordinator.cli.node.ClusterProcess.WorkerProcess;
import org.simreg.coordinator.cli.option.GlobalOptions;
import org.simreg.coordinator.cli.option.MachineOptions;
import org.simreg.coordinator.cli.option.ProcessOptions;
import org.simreg.coordinator.cli.option.SecurityOptions;
import org.simreg.coordinator.grpc.client.HostPort;
import org.simreg.coordinator.node.WorkerNode;
import org.simreg.proto.Roots;
import org.simreg.proto.UserError;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The command {@code simreg worker}: runs a process that trains what the coordinator assigns. */
@Command(
        name = "worker",
        description = "Run a worker: it computes its part of the coordinator's jobs.",
        footer = {
            "",
            "Ctrl-C or SIGTERM: the worker leaves at the end of a step, or within --leave-within; the others train on.",
            "--device cuda:all starts a process for each GPU of the machine, named NAME-0, NAME-1, ..; --cluster-port"
                    + " and the port of --http count up, the cores are divided among them. One that is killed or ends"
                    + " with code 75 is started again.",
            "A worker with --teachers is never waited for and costs nothing but time when it is lost: it suits spot"
                    + " machines too small for all teachers of a job.",
            "Exit code 75: the cluster has lost sight of this worker, or its GPU is broken; start it again.",
            "",
            "Example:",
            "  simreg worker --coordinator 10.0.0.5:7100 --device cuda:0",
            "  simreg worker --coordinator 10.0.0.5:7100 --device cuda:all"
        })
public final class WorkerCommand implements Callable<Integer> {
    private final ToIntFunction<ClusterProcess> run;

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--coordinator",
            paramLabel = "HOST:PORT",
            defaultValue = "${env:SIMREG_COORDINATOR:-localhost:7100}",
            description = "Where the coordinator listens (default: the environment's SIMREG_COORDINATOR,"
                    + " else localhost:7100)")
    private String coordinator;

    @Option(
            names = "--name",
            paramLabel = "NAME",
            description =
                    "Name of the worker, unique in the cluster (default: the machine's and the" + " process' number)")
    private String name;

    @Mixin
    private MachineOptions machine;

    @Option(
            names = "--host",
            paramLabel = "ADDRESS",
            description = "Address of this machine that coordinator and other workers reach it by"
                    + " (default: the one it has towards the coordinator)")
    private String host;

    @Option(
            names = "--cluster-port",
            paramLabel = "N",
            defaultValue = "0",
            description = "Port for the cluster's own messages, 0 to 65535; 0 takes any that is free from"
                    + " 5701 on (default: 0)")
    private int clusterPort;

    @Mixin
    private ProcessOptions process;

    @Mixin
    private SecurityOptions.ClientSecurity security;

    @Option(
            names = "--root",
            paramLabel = "DIR",
            description = "Folder, or s3://BUCKET/PREFIX, below which this worker sees data and weights of jobs,"
                    + " wherever symbolic links lead; what lies elsewhere is read from the coordinator; repeat"
                    + " for several (default: none, anywhere)")
    private List<String> roots = List.of();

    @Option(
            names = "--leave-within",
            paramLabel = "N",
            defaultValue = "60",
            description = "How long the worker lives after Ctrl-C or SIGTERM, 3 to 3600 seconds: a step that would"
                    + " take more than two thirds of it is abandoned and done again by others (default: 60)")
    private int leaveWithin;

    @Option(
            names = "--teachers",
            paramLabel = "N",
            description =
                    "Only help: hold at most N of a job's frozen teachers, at least 1, and no student, and compute"
                            + " those teachers' features for the workers that train; the coordinator chooses which (default:"
                            + " train, holding all)")
    private Integer teachers;

    public WorkerCommand(ToIntFunction<ClusterProcess> run) {
        this.run = run;
    }

    @Override
    public Integer call() {
        return run.applyAsInt(machine.allGpus() ? processes() : process());
    }

    /** A worker for each GPU, started as this one was but for what tells them apart. */
    private DeviceWorkers processes() {
        try {
            teachers(); // refused here, not by each process
            return DeviceArguments.of(spec.commandLine().getParseResult(), name(), WorkerNode.gpus())
                    .processes(leaveWithin());
        } catch (UserError e) {
            throw process.refusal(spec.commandLine(), e);
        }
    }

    private WorkerProcess process() {
        try {
            process.boundConnections();
            HostPort target = HostPort.parse("--coordinator", coordinator, HostPort.PORT);
            String own = host == null ? addressTowards(target) : host;
            HostPort peer = new HostPort(target.host(), ProcessOptions.CLUSTER_PORT);
            WorkerNode.Settings settings = new WorkerNode.Settings(
                    name(),
                    GlobalOptions.Version.number(),
                    new WorkerNode.Machine(
                            machine.device(),
                            machine.threads(),
                            machine.decodeThreads(),
                            Roots.parse(roots),
                            machine.torchscript(),
                            machine.cache()),
                    teachers(),
                    process.cluster(own, clusterPort, List.of(peer.toString())),
                    process.http(own));
            return new WorkerProcess(settings, target, security.readOfServer(), process.jsonLog(), leaveWithin());
        } catch (UserError e) {
            throw process.refusal(spec.commandLine(), e);
        }
    }

    private int teachers() {
        if (teachers != null && teachers < 1) {
            throw new UserError("--teachers: " + teachers
                    + " is out of bounds; choose 1 or more, or leave it out for a worker that trains");
        }
        return teachers == null ? 0 : teachers;
    }

    private Duration leaveWithin() {
        if (leaveWithin < 3 || leaveWithin > 3600) {
            throw new UserError("--leave-within: " + leaveWithin + " is out of bounds; choose 3 to 3600");
        }
        return Duration.ofSeconds(leaveWithin);
    }

    private String name() {
        String asked =
                name == null ? machineName() + "-" + ProcessHandle.current().pid() : name;
        if (!asked.matches("[\\p{L}\\p{N}][\\p{L}\\p{N}._-]{0,99}")) {
            String rule = "; begin with a letter or digit, then letters, digits or . - _, up to 100";
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

    /**
     * The address of this machine that packets to a target leave from; none is sent.
     *
     * @throws UserError if the target's name is unknown or there is no route to it
     */
    private static String addressTowards(HostPort target) {
        InetSocketAddress there = new InetSocketAddress(target.host(), target.port());
        if (there.isUnresolved()) {
            String way = " is known to no name server; name another with --coordinator";
            throw new UserError("The coordinator's host " + target.host() + way);
        }
        try (DatagramSocket socket = new DatagramSocket()) {
            socket.connect(there);
            return socket.getLocalAddress().getHostAddress();
        } catch (IOException e) {
            String way = "; name this machine's address with --host";
            throw new UserError("No way leads to " + target + ": " + e.getMessage() + way, e);
        }
    }
}
