package org.simreg.coordinator.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.simreg.coordinator.client.Target;
import org.simreg.coordinator.k8s.Manifests;

/** The command line takes what the manifests give it. */
class ManifestArgumentsTest {
    private final Terminal terminal = new Terminal();

    @ParameterizedTest
    @ValueSource(strings = {"cpu", "gpu"})
    void coordinatorAndWorkersStartAsThePodsStartThem(String overlay) {
        Manifests manifests = Manifests.overlay(overlay);
        assertEquals(0, run(manifests.arguments("StatefulSet", "simreg-coordinator")));
        CoordinatorRequest coordinator = terminal.coordinators.get(0);
        assertEquals("10.1.2.3", coordinator.cluster().host());
        assertEquals(Target.PORT, coordinator.port());
        assertEquals(Optional.of(new Target("0.0.0.0", 8080)), coordinator.observing().http());
        assertEquals(0, run(manifests.arguments("Deployment", "simreg-worker")));
        WorkerRequest worker = terminal.workers.get(0);
        assertEquals(new Target("simreg", Target.PORT), worker.coordinator());
        assertEquals("simreg-worker-7d9f-x2x4v", worker.name());
        assertEquals(coordinator.cluster().service(), worker.cluster().service());
        assertEquals(coordinator.cluster().port(), worker.cluster().port());
        assertEquals(4, worker.threads());
    }

    private int run(List<String> arguments) {
        int code = terminal.run(arguments.toArray(String[]::new));
        assertEquals("", terminal.err);
        return code;
    }
}
