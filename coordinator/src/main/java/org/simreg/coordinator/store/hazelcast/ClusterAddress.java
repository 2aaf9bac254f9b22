package org.simreg.coordinator.store.hazelcast;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Optional;
import org.simreg.proto.UserError;

/**
 * The address of a process in its cluster, and how it finds the others.
 *
 * @param cluster name; processes of another name don't join
 * @param host name or address that the others reach this process by, and that it listens on
 * @param port for Hazelcast, 0 for any free one from 5701 on
 * @param peers host:port of processes that may be there, best all of them; ignored if there is a
 *     service
 * @param service DNS name of a headless Kubernetes service that lists them all
 */
public record ClusterAddress(String cluster, String host, int port, List<String> peers, Optional<String> service) {
    public ClusterAddress {
        peers = List.copyOf(peers);
        if (cluster.isBlank()) {
            throw new UserError("The cluster's name is empty; give it one");
        }
        if (port < 0 || port > 65535) {
            throw new UserError("Port " + port + " is out of bounds; choose 0 to 65535");
        }
        for (String peer : peers) {
            if (!peer.matches("(\\[[0-9a-fA-F:.]+]|[^:\\s]+)(:\\d{1,5})?")) {
                throw new UserError("Peer '%s' is not HOST:PORT".formatted(peer));
            }
        }
    }

    /**
     * The host as a numeric address.
     *
     * @throws UserError if it has none
     */
    String address() {
        try {
            return InetAddress.getByName(host).getHostAddress();
        } catch (UnknownHostException e) {
            throw new UserError(
                    "The host %s has no address; give one that the other processes reach this one by".formatted(host),
                    e);
        }
    }
}
