package org.simreg.coordinator.cli.node;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.simreg.coordinator.cli.option.ProcessOptions;
import org.simreg.coordinator.grpc.client.HostPort;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/**
 * The arguments of the workers of one machine, a worker a device: those that were given for all, and the name, the ports
 * and the share of the cores of each.
 *
 * @param common given for all
 * @param name what the names of all begin with, before a hyphen and the number
 * @param clusterPort of the first; 0 takes any that is free
 * @param http of the first; empty if none is served
 * @param devices one a worker
 */
record DeviceArguments(List<String> common, String name, int clusterPort, String http, List<String> devices) {
    /** Options that each worker has for itself. */
    private static final Set<String> OWN = Set.of("--device", "--name", "--cluster-port", "--http");

    private static final List<String> THREADS = List.of("--threads", "--decode-threads");

    static DeviceArguments of(ParseResult parsed, String name, List<String> devices) {
        List<String> common = new ArrayList<>();
        // An option that was given twice stands there twice, each time with both values.
        for (OptionSpec option : new LinkedHashSet<>(parsed.matchedOptions())) {
            if (!OWN.contains(option.longestName())) {
                boolean flag = option.arity().max() == 0;
                option.originalStringValues()
                        .forEach(value -> common.add(flag ? option.longestName() : option.longestName() + "=" + value));
            }
        }
        int share = Math.max(1, Runtime.getRuntime().availableProcessors() / devices.size());
        THREADS.stream()
                .filter(threads -> !parsed.hasMatchedOption(threads))
                .forEach(threads -> common.add(threads + "=" + share));
        return new DeviceArguments(
                List.copyOf(common),
                name,
                parsed.matchedOptionValue("--cluster-port", 0),
                parsed.matchedOptionValue("--http", ""),
                devices);
    }

    DeviceWorkers processes(Duration leaveWithin) {
        return new DeviceWorkers(
                IntStream.range(0, devices.size()).mapToObj(this::of).toList(), leaveWithin);
    }

    private List<String> of(int number) {
        List<String> arguments = new ArrayList<>(List.of("worker", "--device=" + devices.get(number)));
        arguments.add("--name=" + name + "-" + number);
        if (clusterPort > 0) {
            arguments.add("--cluster-port=" + ProcessOptions.port("--cluster-port", clusterPort + number));
        }
        if (!http.isEmpty()) {
            HostPort first = HostPort.parse("--http", http, ProcessOptions.HTTP_PORT);
            arguments.add("--http=" + new HostPort(first.host(), ProcessOptions.port("--http", first.port() + number)));
        }
        arguments.addAll(common);
        return arguments;
    }
}
