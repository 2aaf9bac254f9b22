package org.simreg.coordinator.cli.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.simreg.coordinator.cli.Terminal;
import org.simreg.coordinator.grpc.client.HostPort;
import org.simreg.coordinator.k8s.Manifests;
import org.simreg.coordinator.node.CoordinatorNode;
import org.simreg.coordinator.node.ServerProtection;
import org.simreg.coordinator.node.WorkerNode;
import org.simreg.worker.base.tls.TlsFiles;

/** The command line takes what the manifests give it. */
class ManifestArgumentsTest {
    @TempDir
    Path folder;

    private final Terminal terminal = new Terminal();

    @ParameterizedTest
    @ValueSource(strings = {"cpu", "gpu"})
    void coordinatorAndWorkersStartAsThePodsStartThem(String overlay) {
        Manifests manifests = Manifests.overlay(overlay);
        assertEquals(0, run(manifests.arguments("StatefulSet", "simreg-coordinator")));
        CoordinatorNode.Settings coordinator = terminal.coordinators.get(0).settings();
        assertEquals("10.1.2.3", coordinator.cluster().host());
        assertEquals(HostPort.PORT, coordinator.port());
        // IPv4's addresses too.
        assertEquals(new HostPort("::", 8080), coordinator.http().orElseThrow().at());
        assertEquals(0, run(manifests.arguments("Deployment", "simreg-worker")));
        WorkerNode.Settings worker = terminal.workers.get(0).settings();
        HostPort attended = terminal.workers.get(0).coordinator();
        assertEquals(new HostPort("simreg", HostPort.PORT), attended);
        assertEquals("simreg-worker-7d9f-x2x4v", worker.name());
        assertEquals(coordinator.cluster().service(), worker.cluster().service());
        assertEquals(coordinator.cluster().port(), worker.cluster().port());
        assertEquals(4, worker.machine().threads());
    }

    @Test
    void theSecureOverlayNamesCertificatesTokensAndTheRoot() {
        Manifests manifests = Manifests.overlay("secure");
        List<String> arguments = new ArrayList<>(manifests.arguments("StatefulSet", "simreg-coordinator"));
        // A pod has these in its environment.
        arguments.add("--tls-cert=" + file(manifests, "SIMREG_TLS_CERT"));
        arguments.add("--tls-key=" + file(manifests, "SIMREG_TLS_KEY"));
        arguments.add("--tls-ca=" + file(manifests, "SIMREG_TLS_CA"));
        // The root must be there, as it is in a pod.
        assertTrue(arguments.remove("--root=/var/lib/simreg"), arguments.toString());
        arguments.add("--root=" + folder);
        assertEquals(0, run(arguments));
        ServerProtection protection = terminal.coordinators.get(0).settings().protection();
        TlsFiles tls = protection.tls().orElseThrow();
        assertEquals(
                Path.of("/etc/simreg/tls/tls.crt"), tls.identity().orElseThrow().cert());
        assertEquals(
                Path.of("/etc/simreg/tls/tls.key"), tls.identity().orElseThrow().key());
        assertEquals(Optional.of(Path.of("/etc/simreg/tls/ca.crt")), tls.clientCa());
        assertEquals(Optional.of(Path.of("/etc/simreg/tokens/tokens")), protection.tokens());
        List<String> worker = manifests.arguments("Deployment", "simreg-worker");
        assertEquals(2, terminal.run(worker.toArray(String[]::new)));
        assertTrue(terminal.err.contains("/etc/simreg/token/token"), terminal.err);
    }

    private static String file(Manifests manifests, String variable) {
        return manifests.variable("StatefulSet", "simreg-coordinator", variable);
    }

    private int run(List<String> arguments) {
        int code = terminal.run(arguments.toArray(String[]::new));
        assertEquals("", terminal.err);
        return code;
    }
}
