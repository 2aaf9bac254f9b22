package org.simreg.coordinator.cli.option;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.simreg.coordinator.grpc.client.HostPort;
import org.simreg.coordinator.node.CoordinatorNode;
import org.simreg.coordinator.store.hazelcast.ClusterAddress;
import org.simreg.proto.UserError;
import org.simreg.worker.base.net.ConnectionBound;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** Options of a cluster's process: peers, cluster name, HTTP port, format of the log. */
public final class ProcessOptions {
    /** Port of the first process of a cluster on a machine. */
    public static final int CLUSTER_PORT = 5701;

    /** Port of HTTP where none is named. */
    public static final int HTTP_PORT = 8080;

    @Option(
            names = "--peers",
            paramLabel = "HOST:PORT",
            split = ",",
            description = "Cluster ports of the other processes, best all of them, separated by commas; a"
                    + " port left out is 5701 (default: that of the coordinator)")
    private List<String> peers = List.of();

    @Option(
            names = "--peer-service",
            paramLabel = "NAME",
            description = "DNS name of a headless Kubernetes service that lists the peers, instead of"
                    + " --peers (default: none)")
    private String service;

    @Option(
            names = "--cluster",
            paramLabel = "NAME",
            defaultValue = "simreg",
            description = "Processes of another cluster name don't join (default: simreg)")
    private String name;

    @Option(
            names = "--http",
            paramLabel = "HOST:PORT",
            description = "Serve HTTP there: /metrics, /health/live, ready and started, and on the"
                    + " coordinator a page, which asks for a token where there are --tokens; with --tls-cert it is"
                    + " HTTPS; a port left out is 8080 (default: none)")
    private String http;

    @Option(
            names = "--http-plain",
            description = "Serve --http without TLS although there is --tls-cert, for instance behind a proxy that"
                    + " has it (default: false)")
    private boolean httpPlain;

    @Option(
            names = "--http-name",
            paramLabel = "NAME",
            split = ",",
            description = "Names that requests to --http may call this process by, separated by commas, besides"
                    + " localhost, addresses and the host of --http and --host; others are refused"
                    + " (default: none)")
    private List<String> httpNames = List.of();

    @Option(
            names = "--max-connections",
            paramLabel = "N",
            description = "Most incoming connections at a time on all ports but the cluster's, 1 to 1000000"
                    + " (default: half of the descriptors that ulimit -n allows, 10000 at most)")
    private Integer connections;

    @Option(
            names = "--max-connections-per-address",
            paramLabel = "N",
            description = "Most of them from one address, 1 to 1000000 (default: half of --max-connections,"
                    + " 1000 at most)")
    private Integer connectionsOfAddress;

    @Option(
            names = "--log",
            paramLabel = "FORMAT",
            defaultValue = "text",
            description = "What log lines are: text, warnings only; or json, an object a line with job,"
                    + " generation, step and worker (default: text)")
    private String log;

    /**
     * The process's address in the cluster, and those of its peers.
     *
     * @param usual peers where none are named
     * @throws UserError if an option is wrong
     */
    public ClusterAddress cluster(String host, int port, List<String> usual) {
        List<String> all = new ArrayList<>();
        for (String peer : peers) {
            all.add(HostPort.parse("--peers", peer, CLUSTER_PORT).toString());
        }
        if (service != null && !all.isEmpty()) {
            throw new UserError("--peers and --peer-service exclude each other; choose one");
        }
        return new ClusterAddress(
                name, host, port("--cluster-port", port), all.isEmpty() ? usual : all, Optional.ofNullable(service));
    }

    /**
     * Bounds this process's incoming connections.
     *
     * @throws UserError if an option is wrong
     */
    public void boundConnections() {
        ConnectionBound.ofProcess().set(Optional.ofNullable(connections), Optional.ofNullable(connectionsOfAddress));
    }

    /**
     * The address that HTTP is served on; empty: none.
     *
     * @param host that the process is reached by
     * @throws UserError if it is no HOST:PORT
     */
    public Optional<CoordinatorNode.HttpAddress> http(String host) {
        Set<String> names = new HashSet<>(httpNames);
        names.add(host);
        return Optional.ofNullable(http)
                .map(text ->
                        new CoordinatorNode.HttpAddress(HostPort.parse("--http", text, HTTP_PORT), names, httpPlain));
    }

    /**
     * Whether log lines are JSON.
     *
     * @throws UserError if the format is unknown
     */
    public boolean jsonLog() {
        if (!log.equals("text") && !log.equals("json")) {
            throw new UserError("--log: '" + log + "' is no format; choose text or json");
        }
        return log.equals("json");
    }

    /**
     * The exception for wrong options: wrong usage, but for a blank cluster name, which fails like
     * a cluster that can't be joined.
     */
    public RuntimeException refusal(CommandLine command, UserError wrong) {
        return name.isBlank() ? wrong : new ParameterException(command, wrong.getMessage(), wrong);
    }

    /**
     * Checks a port that the process listens on.
     *
     * @param port 0 takes any that is free
     * @throws UserError if it is not from 0 to 65535
     */
    public static int port(String option, int port) {
        if (port < 0 || port > 65535) {
            throw new UserError(option + ": " + port + " is out of bounds; choose 0 to 65535");
        }
        return port;
    }
}
