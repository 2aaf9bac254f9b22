package org.simreg.coordinator.cli;

import java.util.List;
import java.util.Optional;

/**
 * How a process finds the others of its cluster.
 *
 * @param name of the cluster; processes of another name don't join
 * @param host address that the others reach this process by, and that it listens on
 * @param port for the cluster's own messages, 0 for any free one from 5701 on
 * @param peers HOST:PORT of processes that may be there
 * @param service DNS name that lists them all, instead of peers
 */
public record ClusterAddress(
        String name, String host, int port, List<String> peers, Optional<String> service) {}
