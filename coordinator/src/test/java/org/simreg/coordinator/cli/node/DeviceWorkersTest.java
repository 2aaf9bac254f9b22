package org.simreg.coordinator.cli.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.coordinator.cli.option.GlobalOptions;
import org.simreg.coordinator.grpc.client.ApiClient;
import org.simreg.coordinator.grpc.client.HostPort;
import org.simreg.coordinator.job.scale.ScaleSettings;
import org.simreg.coordinator.node.CoordinatorNode;
import org.simreg.coordinator.node.ServerProtection;
import org.simreg.coordinator.store.hazelcast.ClusterAddress;
import org.simreg.proto.ListWorkersRequest;
import org.simreg.proto.WorkerStatus;
import picocli.CommandLine;

/** The workers of a machine with several devices: their arguments, and real processes on the CPU. */
class DeviceWorkersTest {
    private static final int SIGTERM = 143;
    private static final Duration PATIENCE = Duration.ofSeconds(150);

    @TempDir
    Path folder;

    private static DeviceArguments of(String... arguments) {
        CommandLine command = new CommandLine(new WorkerCommand(process -> 0));
        return DeviceArguments.of(command.parseArgs(arguments), "rack", List.of("cuda:0", "cuda:1"));
    }

    @Test
    void eachHasItsDeviceNameAndPortsAndWhatIsGivenForAll() {
        DeviceWorkers found = of(
                        "--device=cuda:all",
                        "--coordinator",
                        "c:7100",
                        "--name=rack",
                        "--peers=a:1,b:2",
                        "--root=/x",
                        "--root=/y",
                        "--no-torchscript",
                        "--threads=3",
                        "--cluster-port=5801",
                        "--http=0.0.0.0:8080")
                .processes(PATIENCE);
        int share = Math.max(1, Runtime.getRuntime().availableProcessors() / 2);
        for (int i = 0; i < 2; i++) {
            List<String> arguments = found.workers().get(i);
            assertEquals(
                    List.of(
                            "worker",
                            "--device=cuda:" + i,
                            "--name=rack-" + i,
                            "--cluster-port=" + (5801 + i),
                            "--http=0.0.0.0:" + (8080 + i)),
                    arguments.subList(0, 5));
            List<String> common = arguments.subList(5, arguments.size());
            assertEquals(
                    List.of(
                            "--coordinator=c:7100",
                            "--decode-threads=" + share,
                            "--no-torchscript",
                            "--peers=a:1,b:2",
                            "--root=/x",
                            "--root=/y",
                            "--threads=3"),
                    common.stream().sorted().toList());
            new CommandLine(new WorkerCommand(process -> 0))
                    .parseArgs(arguments.subList(1, arguments.size()).toArray(String[]::new));
        }
    }

    /** The workers that are two processes on a real coordinator: one is killed and comes back, then all leave. */
    @Test
    @EnabledIfSystemProperty(named = "simreg.test.kills", matches = "\\d+")
    @Timeout(600)
    void aKilledWorkerComesBackAndAllLeaveAtTheSignal() throws Exception {
        CoordinatorNode.Settings settings = new CoordinatorNode.Settings(
                "127.0.0.1",
                0,
                folder.resolve("home"),
                GlobalOptions.Version.number(),
                new ClusterAddress("devices", "127.0.0.1", 0, List.of(), Optional.empty()),
                Optional.empty(),
                ScaleSettings.USUAL,
                ServerProtection.NONE);
        try (CoordinatorNode node = new CoordinatorNode(settings);
                ApiClient client = ApiClient.open(new HostPort("127.0.0.1", node.port()), Duration.ofSeconds(10))) {
            Process probe = probe(node.port());
            try {
                until(client, List.of("gpu-0", "gpu-1"));
                ProcessHandle first = named(probe.toHandle(), "--name=gpu-0");
                assertTrue(first.destroyForcibly());
                until(client, List.of("gpu-1"));
                until(client, List.of("gpu-0", "gpu-1"));
                assertNotEquals(
                        first.pid(), named(probe.toHandle(), "--name=gpu-0").pid());
                probe.toHandle().destroy();
                assertTrue(probe.waitFor(120, TimeUnit.SECONDS));
                assertEquals(SIGTERM, probe.exitValue());
                until(client, List.of());
            } finally {
                probe.descendants().forEach(ProcessHandle::destroyForcibly);
                probe.destroyForcibly();
            }
        }
    }

    private Process probe(int port) throws IOException {
        List<String> command = new ArrayList<>(List.of(System.getProperty("java.home") + "/bin/java", "-Xmx512m"));
        command.addAll(List.of("-Dai.djl.offline=true", "-DOPT_OUT_TRACKING=true"));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), DeviceWorkersProbe.class.getName()));
        command.addAll(List.of("--coordinator=127.0.0.1:" + port, "--cluster=devices", "--threads=1"));
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().put("XDG_CACHE_HOME", folder.toString());
        builder.redirectErrorStream(true)
                .redirectOutput(folder.resolve("probe.log").toFile());
        return builder.start();
    }

    /** By its arguments, of which {@link ProcessHandle.Info} has none where a class path is long. */
    private static ProcessHandle named(ProcessHandle parent, String argument) throws IOException {
        for (ProcessHandle child : parent.children().toList()) {
            String line = Files.readString(Path.of("/proc/" + child.pid() + "/cmdline"));
            if (List.of(line.split("\0", -1)).contains(argument)) {
                return child;
            }
        }
        throw new AssertionError("no process with " + argument);
    }

    private void until(ApiClient client, List<String> names) throws IOException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        List<String> there = List.of();
        do {
            assertTrue(System.nanoTime() < deadline, there + " " + Files.readString(folder.resolve("probe.log")));
            LockSupport.parkNanos(50_000_000);
            there =
                    client
                            .ask(jobs -> jobs.listWorkers(ListWorkersRequest.getDefaultInstance()))
                            .getWorkersList()
                            .stream()
                            .map(WorkerStatus::getWorker)
                            .sorted()
                            .toList();
        } while (!there.equals(names));
    }
}
