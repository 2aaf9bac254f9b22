package org.simreg.coordinator.k8s;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.simreg.coordinator.view.observe.ClusterSurvey;
import org.simreg.coordinator.view.observe.JobMeters;
import org.simreg.coordinator.view.observe.Meters;
import org.simreg.coordinator.view.observe.Surveyor;
import org.simreg.coordinator.view.observe.WorkerMeters;
import org.simreg.worker.exchange.mesh.PeerTransport;
import org.simreg.worker.exchange.wire.NettyWire;

/** Alerts and panels ask for what coordinator and workers show. */
class MonitoringTest {
    private static final Path FOLDER = Manifests.FOLDER.resolve("overlays/monitoring");
    private static final Pattern NAME = Pattern.compile("\\bsimreg_\\w+");
    private static final Pattern LABELLED = Pattern.compile("\\b(simreg_\\w+)\\{[^}]*\\b(state|reason)=\\\\?\"(\\w+)");

    /** Shown per job, only while one runs. */
    private static final Set<String> OF_JOBS = Set.of("simreg_job_loss", "simreg_job_progress_ratio");

    private static String shown() {
        try (Meters meters = new Meters();
                PeerTransport transport = NettyWire.transport("127.0.0.1", 0)) {
            new JobMeters(meters);
            new Surveyor(() -> CompletableFuture.completedFuture(ClusterSurvey.EMPTY)).bindTo(meters);
            new WorkerMeters(meters).transports(Map.of("netty", transport));
            meters.wanted(() -> 0);
            meters.searches();
            return meters.scrape();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"rules.yaml", "simreg.json"})
    void everyMetricAskedForIsShown(String file) throws IOException {
        String shown = shown();
        String asks = Files.readString(FOLDER.resolve(file));
        Set<String> missing = new TreeSet<>();
        NAME.matcher(asks).results().forEach(use -> missing.add(use.group()));
        assertTrue(missing.size() > 4, "" + missing);
        missing.removeAll(OF_JOBS);
        missing.removeIf(
                name -> Pattern.compile("(?m)^" + name + "[ {]").matcher(shown).find());
        assertEquals(Set.of(), missing);
        Matcher labelled = LABELLED.matcher(asks);
        while (labelled.find()) {
            String label = labelled.group(2) + "=\"" + labelled.group(3) + "\"";
            assertTrue(
                    Pattern.compile("(?m)^" + labelled.group(1) + "\\{[^}]*" + label)
                            .matcher(shown)
                            .find(),
                    labelled.group());
        }
    }

    @Test
    void everyAlertHasItsRowForWhoIsCalled() throws IOException {
        String page = Files.readString(Manifests.FOLDER.resolveSibling("docs").resolve("operating.md"));
        List<String> alerts = Pattern.compile("alert: (\\w+)")
                .matcher(Files.readString(FOLDER.resolve("rules.yaml")))
                .results()
                .map(found -> found.group(1))
                .toList();
        assertTrue(alerts.size() > 6, "" + alerts);
        alerts.forEach(alert -> assertTrue(page.contains("| `" + alert + "` | "), alert));
    }

    @Test
    void theChartHasTheSameDashboardAndAlerts() throws IOException {
        Path chart = Manifests.FOLDER.resolve("helm/simreg/files");
        for (String file : new String[] {"rules.yaml", "simreg.json"}) {
            assertEquals(-1, Files.mismatch(FOLDER.resolve(file), chart.resolve(file)), file);
        }
    }
}
