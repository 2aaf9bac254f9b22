package org.simreg.coordinator.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.simreg.coordinator.client.Target;
import org.simreg.proto.UserError;
import picocli.CommandLine.Option;

/** How a process finds the others of its cluster. */
final class ClusterOptions {
    /** Port of the first process of a cluster on a machine. */
    static final int PORT = 5701;

    @Option(
            names = "--peers",
            paramLabel = "HOST:PORT",
            split = ",",
            description =
                    "Cluster ports of the other processes, best all of them, separated by commas; a"
                            + " port left out is 5701 (default: that of the coordinator)")
    private List<String> peers = List.of();

    @Option(
            names = "--peer-service",
            paramLabel = "NAME",
            description =
                    "DNS name of a headless Kubernetes service that lists the peers, instead of"
                            + " --peers (default: none)")
    private String service;

    @Option(
            names = "--cluster",
            paramLabel = "NAME",
            defaultValue = "simreg",
            description = "Processes of another cluster name don't join (default: simreg)")
    private String name;

    /**
     * @param usual peers where none are named
     * @throws UserError if an option is wrong
     */
    ClusterAddress address(String host, int port, List<String> usual) {
        List<String> all = new ArrayList<>();
        for (String peer : peers) {
            all.add(Target.parse("--peers", peer, PORT).toString());
        }
        if (service != null && !all.isEmpty()) {
            throw new UserError("--peers and --peer-service exclude each other; choose one");
        }
        return new ClusterAddress(
                name,
                host,
                port(("--cluster-port"), port, 0),
                all.isEmpty() ? usual : all,
                Optional.ofNullable(service));
    }

    static int port(String option, int port, int least) {
        if (port < least || port > 65535) {
            String what = port + " is out of bounds; choose " + least + " to 65535";
            throw new UserError(option + ": " + what);
        }
        return port;
    }
}
