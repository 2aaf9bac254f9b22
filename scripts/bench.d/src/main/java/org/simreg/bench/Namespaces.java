package org.simreg.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Network namespaces of this machine, joined by a bridge, each behind a link that {@code tc} limits both ways. Needs root
 * and iproute2.
 */
final class Namespaces implements AutoCloseable {
    private static final String NET = "10.213.77.";

    private final String id = Long.toString(ProcessHandle.current().pid() % 46_656, 36);
    private final String bridge = "sr" + id;
    private final int megabits;
    private final List<String> names = new ArrayList<>();

    /**
     * Makes the bridge.
     *
     * @param megabits a second, each way, of every link; 0: no limit
     */
    Namespaces(int megabits) {
        this.megabits = megabits;
        run("ip", "link", "add", bridge, "type", "bridge");
        try {
            run("ip", "addr", "add", NET + "1/24", "dev", bridge);
            run("ip", "link", "set", bridge, "up");
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    /** The address of this end of the bridge, behind no limit. */
    String gateway() {
        return NET + 1;
    }

    /** Makes a namespace. */
    Processes.Place add() {
        int number = names.size() + 2;
        String name = bridge + "n" + number;
        String here = bridge + "v" + number;
        names.add(name);
        run("ip", "netns", "add", name);
        run("ip", "link", "add", here, "type", "veth", "peer", "name", "eth0", "netns", name);
        run("ip", "link", "set", here, "master", bridge, "up");
        run("ip", "-n", name, "addr", "add", NET + number + "/24", "dev", "eth0");
        run("ip", "-n", name, "link", "set", "lo", "up");
        run("ip", "-n", name, "link", "set", "eth0", "up");
        if (megabits > 0) {
            List<String> limit = List.of("root", "tbf", "rate", megabits + "mbit", "burst", "256k", "latency", "200ms");
            run(joined(List.of("tc", "qdisc", "add", "dev", here), limit));
            run(joined(List.of("tc", "-n", name, "qdisc", "add", "dev", "eth0"), limit));
        }
        return new Processes.Place(NET + number, List.of("ip", "netns", "exec", name));
    }

    private static String[] joined(List<String> one, List<String> other) {
        List<String> all = new ArrayList<>(one);
        all.addAll(other);
        return all.toArray(String[]::new);
    }

    private static void run(String... command) {
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (process.waitFor() != 0) {
                throw new IllegalStateException(String.join(" ", command) + ": " + said.strip());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while a network is made", e);
        }
    }

    /** Removes all; links go with their namespaces. */
    @Override
    public void close() {
        names.forEach(name -> run("ip", "netns", "del", name));
        run("ip", "link", "del", bridge);
    }
}
