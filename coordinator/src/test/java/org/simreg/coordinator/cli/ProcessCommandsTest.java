package org.simreg.coordinator.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.simreg.coordinator.client.Target;
import org.simreg.coordinator.scale.ScaleSettings;

class ProcessCommandsTest {
    private final Terminal terminal = new Terminal();

    @Test
    void aCoordinatorServesThisMachineUnlessToldOtherwise() {
        assertEquals(0, terminal.run("coordinator", "--home=h"), terminal.err);
        assertEquals(
                new CoordinatorRequest(
                        7100,
                        Path.of("h").toAbsolutePath(),
                        new ClusterAddress(
                                "simreg", "127.0.0.1", 5701, List.of(), Optional.empty()),
                        new Observing(Optional.empty(), false),
                        ScaleSettings.USUAL),
                terminal.coordinators.get(0));
        assertEquals(0, terminal.run("coordinator"));
        assertTrue(terminal.coordinators.get(1).home().endsWith("simreg"));
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
        CoordinatorRequest request = terminal.coordinators.get(0);
        assertEquals(0, request.port());
        assertEquals(
                new Observing(Optional.of(new Target("0.0.0.0", 8080)), true), request.observing());
        assertEquals(
                new ClusterAddress(
                        "lab",
                        "10.0.0.5",
                        6000,
                        List.of("a:1", "b:5701", "[::1]:2"),
                        Optional.empty()),
                request.cluster());
    }

    @Test
    void aWorkerFindsItsOwnAddressNameAndPeer() {
        int code = terminal.run("worker", "--coordinator=127.0.0.1:7200", "--threads=2");
        assertEquals(0, code, terminal.err);
        WorkerRequest request = terminal.workers.get(0);
        assertEquals(new Target("127.0.0.1", 7200), request.coordinator());
        assertEquals("127.0.0.1", request.cluster().host());
        assertEquals(List.of("127.0.0.1:5701"), request.cluster().peers());
        assertEquals("auto", request.device());
        assertEquals(2, request.threads());
        assertTrue(request.name().endsWith("-" + ProcessHandle.current().pid()), request.name());
    }

    @Test
    void aWorkerIsWhatItsOptionsSay() {
        String[] args = {
            "worker",
            "--coordinator=localhost",
            "--name=w1",
            "--device=cuda",
            "--decode-threads=3",
            "--host=10.0.0.7",
            "--peer-service=simreg.default.svc"
        };
        assertEquals(0, terminal.run(args), terminal.err);
        WorkerRequest request = terminal.workers.get(0);
        assertEquals(new Target("localhost", 7100), request.coordinator());
        assertEquals("w1", request.name());
        assertEquals("cuda:0", request.device());
        assertEquals(3, request.decodeThreads());
        assertEquals(Optional.of("simreg.default.svc"), request.cluster().service());
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
                "worker --threads=0 --host=h | --threads: 0 is out of bounds; choose 1 to 1024",
            })
    void aWrongOptionIsRefusedBeforeAnythingStarts(String line, String part) {
        assertEquals(2, terminal.run(line.split(" ")));
        assertTrue(terminal.err.contains(part), terminal.err);
        assertTrue(terminal.coordinators.isEmpty() && terminal.workers.isEmpty());
    }
}
