package org.simreg.coordinator.cli.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.simreg.coordinator.cli.Terminal;
import org.simreg.coordinator.cli.option.GlobalOptions;
import org.simreg.coordinator.grpc.client.HostPort;
import org.simreg.coordinator.job.CoordinatorSettings;
import org.simreg.coordinator.job.scale.ScaleSettings;
import org.simreg.coordinator.node.CoordinatorNode;
import org.simreg.coordinator.node.ServerProtection;
import org.simreg.coordinator.node.WorkerNode;
import org.simreg.coordinator.store.hazelcast.ClusterAddress;
import org.simreg.proto.Roots;

class ProcessCommandsTest {
    private final Terminal terminal = new Terminal();

    @Test
    void aCoordinatorServesThisMachineUnlessToldOtherwise() {
        assertEquals(0, terminal.run("coordinator", "--home=h"), terminal.err);
        assertEquals(
                new ClusterProcess.CoordinatorProcess(
                        new CoordinatorNode.Settings(
                                "127.0.0.1",
                                7100,
                                Path.of("h").toAbsolutePath(),
                                GlobalOptions.Version.number(),
                                new ClusterAddress("simreg", "127.0.0.1", 5701, List.of(), Optional.empty()),
                                Optional.empty(),
                                ScaleSettings.USUAL,
                                new ServerProtection(
                                        Optional.empty(),
                                        Optional.empty(),
                                        new CoordinatorSettings.Limits(Roots.ANYWHERE, 10_000))),
                        false),
                terminal.coordinators.get(0));
        assertEquals(0, terminal.run("coordinator"));
        assertTrue(terminal.coordinators.get(1).settings().home().endsWith("simreg"));
    }

    @Test
    void aCoordinatorTakesItsPortsAndPeers() {
        String[] args = {
            "coordinator",
            "--host=10.0.0.5",
            "--port=0",
            "--cluster-port=6000",
            "--peers=a:1,b,[::1]:2",
            "--cluster=lab",
            "--http=0.0.0.0",
            "--log=json"
        };
        assertEquals(0, terminal.run(args), terminal.err);
        CoordinatorNode.Settings settings = terminal.coordinators.get(0).settings();
        assertEquals(0, settings.port());
        assertEquals("10.0.0.5", settings.listen());
        assertEquals(
                new HostPort("0.0.0.0", 8080), settings.http().orElseThrow().at());
        assertTrue(terminal.coordinators.get(0).jsonLog());
        assertEquals(
                new ClusterAddress("lab", "10.0.0.5", 6000, List.of("a:1", "b:5701", "[::1]:2"), Optional.empty()),
                settings.cluster());
    }

    @Test
    void aWorkerFindsItsOwnAddressNameAndPeer() {
        int code = terminal.run("worker", "--coordinator=127.0.0.1:7200", "--threads=2");
        assertEquals(0, code, terminal.err);
        WorkerNode.Settings settings = terminal.workers.get(0).settings();
        assertEquals(new HostPort("127.0.0.1", 7200), terminal.workers.get(0).coordinator());
        assertEquals("127.0.0.1", settings.cluster().host());
        assertEquals(List.of("127.0.0.1:5701"), settings.cluster().peers());
        assertEquals("auto", settings.machine().device());
        assertEquals(0, settings.teachers(), "it can be a member");
        assertEquals(2, settings.machine().threads());
        assertTrue(settings.name().endsWith("-" + ProcessHandle.current().pid()), settings.name());
    }

    @Test
    void aWorkerIsWhatItsOptionsSay() {
        String[] args = {
            "worker",
            "--coordinator=localhost",
            "--name=w1",
            "--device=cuda",
            "--decode-threads=3",
            "--teachers=2",
            "--host=10.0.0.7",
            "--peer-service=simreg.default.svc"
        };
        assertEquals(0, terminal.run(args), terminal.err);
        WorkerNode.Settings settings = terminal.workers.get(0).settings();
        assertEquals(new HostPort("localhost", 7100), terminal.workers.get(0).coordinator());
        assertEquals("w1", settings.name());
        assertEquals("cuda:0", settings.machine().device());
        assertEquals(3, settings.machine().decodeThreads());
        assertEquals(2, settings.teachers());
        assertEquals(Optional.of("simreg.default.svc"), settings.cluster().service());
    }

    @ParameterizedTest
    @ValueSource(strings = {"coordinator", "worker"})
    void aClusterWithoutANameFailsWithExitCodeOne(String command) {
        assertEquals(1, terminal.run(command, "--host=127.0.0.1", "--cluster= "));
        assertEquals("simreg: The cluster's name is empty; give it one\n", terminal.err);
        assertTrue(terminal.coordinators.isEmpty() && terminal.workers.isEmpty());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "coordinator --port=70000 | --port: 70000 is out of bounds; choose 0 to 65535",
                "coordinator --cluster-port=-1 | --cluster-port: -1 is out of bounds",
                "coordinator --min-workers=3 --max-workers=2 | At least 3 and at most 2 workers can't be",
                "coordinator --scale-down-after=-1 | --scale-down-after: Workers can't be kept for -1 s",
                "coordinator --peers=a:b | --peers: 'a:b' is no HOST:PORT; write it like localhost:5701",
                "coordinator --peers=a --peer-service=b | exclude each other; choose one",
                "coordinator --log=xml | --log: 'xml' is no format; choose text or json",
                "worker --http=h:0 --host=h | --http: 0 is no port in 'h:0'; choose 1 to 65535",
                "worker --coordinator=h:0 | --coordinator: 0 is no port in 'h:0'; choose 1 to 65535",
                "worker --name=a/b --host=h | --name: 'a/b' can't name a worker; begin with",
                "worker --device=gpu --host=h | --device: 'gpu' is no device; choose auto, cpu,",
                "worker --teachers=0 --host=h | --teachers: 0 is out of bounds; choose 1 or more, or leave it out",
                "worker --threads=0 --host=h | --threads: 0 is out of bounds; choose 1 to 1024",
            })
    void aWrongOptionIsRefusedBeforeAnythingStarts(String line, String part) {
        assertEquals(2, terminal.run(line.split(" ")));
        assertTrue(terminal.err.contains(part), terminal.err);
        assertTrue(terminal.coordinators.isEmpty() && terminal.workers.isEmpty());
    }
}
