package org.simreg.coordinator.k8s;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.simreg.coordinator.k8s.Manifests.at;
import static org.simreg.coordinator.k8s.Manifests.containers;
import static org.simreg.coordinator.k8s.Manifests.text;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code kubectl apply -k} sends. */
class OverlaysTest {
    private static final Map<String, Manifests> RENDERED = new TreeMap<>();

    @BeforeAll
    static void everyOverlayIsRendered() {
        for (String name : List.of(
                "cpu",
                "gpu",
                "secure",
                "keda",
                "monitoring",
                "bucket",
                "claim",
                "pack",
                "pack-bucket",
                "spot",
                "secure-keda",
                "secure-monitoring")) {
            RENDERED.put(name, Manifests.overlay(name));
        }
    }

    /** An overlay as it stands in a cluster: keda and monitoring add to what is there. */
    private static Manifests applied(String overlay) {
        Manifests own = RENDERED.get(overlay);
        boolean whole = own.find("Deployment", "simreg-worker").isPresent();
        return whole
                ? own
                : RENDERED.get(overlay.startsWith("secure-") ? "secure" : "cpu").and(own);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "cpu",
                "gpu",
                "secure",
                "keda",
                "monitoring",
                "bucket",
                "claim",
                "pack",
                "pack-bucket",
                "spot",
                "secure-keda",
                "secure-monitoring"
            })
    void theApiKnowsEveryField(String overlay) {
        assertEquals(List.of(), Schema.problems(RENDERED.get(overlay)));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "cpu",
                "gpu",
                "secure",
                "keda",
                "monitoring",
                "bucket",
                "claim",
                "pack",
                "pack-bucket",
                "spot",
                "secure-keda",
                "secure-monitoring"
            })
    void nobodyIsRootAndNothingIsWithoutLimit(String overlay) {
        assertEquals(List.of(), Pods.problems(applied(overlay)));
        assertEquals(List.of(), LinterRules.problems(applied(overlay)));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "cpu",
                "gpu",
                "secure",
                "keda",
                "monitoring",
                "bucket",
                "claim",
                "pack",
                "pack-bucket",
                "spot",
                "secure-keda",
                "secure-monitoring"
            })
    void whateverIsNamedIsThere(String overlay) {
        assertEquals(List.of(), Links.problems(applied(overlay)));
    }

    @Test
    void thePodsTakeTheClustersNameFromASecretThatMustBeThere() {
        List<JsonElement> names = new ArrayList<>();
        for (JsonObject object : Manifests.overlay("cpu").objects()) {
            if (Manifests.kind(object).equals("ConfigMap")) {
                assertFalse(object.getAsJsonObject("data").has("SIMREG_CLUSTER"), "a name for all to read");
            }
            for (JsonObject container : containers(object)) {
                container.getAsJsonArray("env").forEach(one -> {
                    if (text(one.getAsJsonObject(), "name").equals("SIMREG_CLUSTER")) {
                        names.add(one.getAsJsonObject().getAsJsonObject("valueFrom"));
                    }
                });
            }
        }
        JsonElement secret = JsonParser.parseString("{'secretKeyRef': {'name': 'simreg-cluster', 'key': 'name'}}");
        assertEquals(List.of(secret, secret), names);
    }

    @Test
    void everyPodOfOursIsFenced() {
        JsonObject fence =
                RENDERED.get("cpu").find("NetworkPolicy", "simreg-members").orElseThrow();
        JsonElement selector = at(fence, "spec", "podSelector", "matchLabels").orElseThrow();
        assertEquals(Map.of("app.kubernetes.io/name", "simreg").toString(), map(selector));
        assertEquals(List.of("Ingress", "Egress"), Manifests.strings(fence, "spec", "policyTypes"));
    }

    private static String map(JsonElement object) {
        return object.getAsJsonObject().entrySet().stream()
                .collect(Collectors.toMap(Map.Entry::getKey, e -> e.getValue().getAsString()))
                .toString();
    }

    @Test
    void dataComesFromABucketByAPortThatIsOpenOrFromAClaim() {
        Manifests bucket = RENDERED.get("bucket");
        JsonObject store = bucket.find("NetworkPolicy", "simreg-store").orElseThrow();
        assertEquals(
                "443",
                text(
                        Manifests.all(store, "spec", "egress")
                                .get(0)
                                .getAsJsonArray("ports")
                                .get(0)
                                .getAsJsonObject(),
                        "port"));
        for (String pod : List.of("StatefulSet simreg-coordinator", "Deployment simreg-worker")) {
            String[] name = pod.split(" ");
            JsonObject reader = bucket.find(name[0], name[1]).orElseThrow();
            assertTrue(Manifests.all(containers(reader).get(0), "envFrom").stream()
                    .anyMatch(one -> text(one, "secretRef", "name").equals("simreg-bucket")));
            JsonObject mounting = RENDERED.get("claim").find(name[0], name[1]).orElseThrow();
            assertTrue(Manifests.all(mounting, "spec", "template", "spec", "volumes").stream()
                    .anyMatch(one ->
                            text(one, "persistentVolumeClaim", "claimName").equals("simreg-data")));
        }
    }

    /** A volume above its limit gets the pod evicted. */
    @Test
    void theCacheIsSmallerThanItsVolumeAndAllVolumesThanThePodsDisk() {
        JsonObject worker =
                RENDERED.get("cpu").find("Deployment", "simreg-worker").orElseThrow();
        long all = 0;
        long cache = 0;
        for (JsonObject volume : Manifests.all(worker, "spec", "template", "spec", "volumes")) {
            long limit = gibibytes(text(volume, "emptyDir", "sizeLimit"));
            all += limit;
            cache = text(volume, "name").equals("cache") ? limit : cache;
        }
        String size = RENDERED.get("cpu").variable("Deployment", "simreg-worker", "SIMREG_CACHE_SIZE");
        assertTrue(gibibytes(size) < cache, size + " in " + cache);
        String disk = text(containers(worker).get(0), "resources", "limits", "ephemeral-storage");
        assertTrue(all <= gibibytes(disk), all + " of " + disk);
    }

    private static long gibibytes(String quantity) {
        return Long.parseLong(quantity.replace("Gi", ""));
    }

    /** The kubelet's gRPC probes can't do TLS. */
    @Test
    void withCertificatesNobodyIsAskedInPlainText() {
        Manifests secure = RENDERED.get("secure");
        JsonObject coordinator =
                secure.find("StatefulSet", "simreg-coordinator").orElseThrow();
        JsonObject container = containers(coordinator).get(0);
        assertFalse(container.toString().contains("\"grpc\":"), "" + container);
        JsonObject worker = secure.find("Deployment", "simreg-worker").orElseThrow();
        for (JsonObject probed : List.of(container, containers(worker).get(0))) {
            for (String probe : List.of("startupProbe", "readinessProbe", "livenessProbe")) {
                assertEquals("HTTPS", text(probed, probe, "httpGet", "scheme"), probe);
            }
        }
        assertEquals("/health/live", text(container, "livenessProbe", "httpGet", "path"));
        assertTrue(secure.arguments("StatefulSet", "simreg-coordinator").contains("--root=/var/lib/simreg"));
    }

    @Test
    void theScalerIsAskedWithACertificateWhereThereAreCertificates() {
        Manifests added = RENDERED.get("secure-keda");
        JsonObject proof = added.find("TriggerAuthentication", "simreg-scaler").orElseThrow();
        assertEquals(
                List.of("caCert ca.crt", "tlsClientCert tls.crt", "tlsClientKey tls.key"),
                Manifests.all(proof, "spec", "secretTargetRef").stream()
                        .map(one -> text(one, "parameter") + " " + text(one, "key"))
                        .toList());
        JsonObject scaled = added.find("ScaledObject", "simreg-worker").orElseThrow();
        assertEquals(
                "simreg-scaler", text(Manifests.all(scaled, "spec", "triggers").get(0), "authenticationRef", "name"));
        JsonObject scraped = RENDERED.get("secure-monitoring")
                .find("ServiceMonitor", "simreg")
                .orElseThrow();
        assertEquals("https", text(Manifests.all(scraped, "spec", "endpoints").get(0), "scheme"));
    }

    @Test
    void namesAreLookedUpAndPortsListenedOnAsEveryClusterHasThem() {
        Manifests cpu = RENDERED.get("cpu");
        JsonObject fence = cpu.find("NetworkPolicy", "simreg-members").orElseThrow();
        JsonObject names = Manifests.all(fence, "spec", "egress").get(1);
        assertEquals(
                List.of("53 UDP", "53 TCP", "5353 UDP", "5353 TCP"),
                Manifests.all(names, "ports").stream()
                        .map(port -> text(port, "port") + " " + text(port, "protocol"))
                        .toList());
        assertEquals("[::]:8080", cpu.variable("Deployment", "simreg-worker", "SIMREG_HTTP"));
        assertTrue(cpu.arguments("StatefulSet", "simreg-coordinator").contains("--listen=::"));
        cpu.of("Service").forEach(service -> assertEquals("PreferDualStack", text(service, "spec", "ipFamilyPolicy")));
    }

    @Test
    void aWorkerOnASpotNodeIsGoneBeforeItsNodeIs() {
        Manifests spot = RENDERED.get("spot");
        JsonObject worker = spot.find("Deployment", "simreg-worker").orElseThrow();
        assertEquals("15", text(worker, "spec", "template", "spec", "terminationGracePeriodSeconds"));
        assertEquals("12", spot.variable("Deployment", "simreg-worker", "SIMREG_LEAVE_WITHIN"));
        assertEquals("simreg-worker", text(worker, "spec", "template", "spec", "priorityClassName"));
        assertTrue(spot.find("PriorityClass", "simreg-worker").isPresent());
    }

    @Test
    void componentsFitWhateverTheyAreAddedTo(@TempDir Path folder) throws IOException {
        for (String overlay : List.of("cpu", "gpu", "secure", "bucket", "claim")) {
            for (boolean openshift : new boolean[] {true, false}) {
                StringBuilder file = new StringBuilder("resources: [../overlays/" + overlay + "]\ncomponents:\n");
                for (String name : openshift ? List.of("openshift", "arm64", "priority", "spot") : List.of("arm64")) {
                    file.append("  - ../components/").append(name).append('\n');
                }
                Path k8s = copied(folder.resolve(overlay + openshift));
                Path own = Files.createDirectory(k8s.resolve("own"));
                Files.writeString(own.resolve("kustomization.yaml"), file);
                Manifests made = Manifests.parse(Kustomize.render(own));
                assertEquals(List.of(), Schema.problems(made));
                assertEquals(List.of(), Pods.problems(made, openshift));
                assertEquals(List.of(), Links.problems(made));
                JsonObject worker = made.find("Deployment", "simreg-worker").orElseThrow();
                JsonObject pod =
                        at(worker, "spec", "template", "spec").orElseThrow().getAsJsonObject();
                assertEquals("arm64", text(pod, "nodeSelector", "kubernetes.io/arch"));
                assertEquals(openshift ? "" : "10001", text(pod, "securityContext", "runAsUser"));
            }
        }
    }

    private static Path copied(Path folder) throws IOException {
        for (String part : List.of("base", "overlays", "components")) {
            Path from = Manifests.FOLDER.resolve(part);
            try (Stream<Path> files = Files.walk(from)) {
                for (Path file : files.toList()) {
                    Path to = folder.resolve(part).resolve(from.relativize(file).toString());
                    Files.createDirectories(to.getParent());
                    if (Files.isRegularFile(file)) {
                        Files.copy(file, to);
                    }
                }
            }
        }
        return folder;
    }

    @Test
    void aGpuIsAskedForAndItsNodesAreTolerated() {
        JsonObject worker =
                RENDERED.get("gpu").find("Deployment", "simreg-worker").orElseThrow();
        JsonObject container = containers(worker).get(0);
        assertEquals("1", text(container, "resources", "limits", "nvidia.com/gpu"));
        assertTrue(Manifests.all(worker, "spec", "template", "spec", "tolerations").stream()
                .anyMatch(one -> text(one, "key").equals("nvidia.com/gpu")));
        assertTrue(RENDERED.get("gpu").arguments("Deployment", "simreg-worker").contains("--device=cuda:0"));
    }

    /** The checks above find what they look for: each fault below is planted and told. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "runAsNonRoot: true | runAsNonRoot: false | may be root",
                "runAsUser: 10001 | runAsUser: 0 | has no numeric user but root",
                "readOnlyRootFilesystem: true | readOnlyRootFilesystem: false | writes to its image",
                "simreg:0.1.0 | simreg:latest | the tag latest",
                "simreg:0.1.0 | simreg | without a tag",
                "readinessProbe: | readynessProbe: | `readynessProbe` in the JSON string is not",
                "livenessProbe: | lifecycle: | has no livenessProbe",
                "targetPort: cluster | targetPort: clutter | leads to the port clutter",
                "$(SIMREG_THREADS) | $(SIMREG_THREAD) | unknown variables [SIMREG_THREAD]",
                "$(SIMREG_THREADS) | 4 | keys that nothing reads: [SIMREG_THREADS]",
                "periodSeconds: 5 | periodSeconds: five | five",
                "name: simreg-worker | name: simreg-workers | unknown account",
                "mountPath: /tmp | mountPath: /temp | has no /tmp",
                "- ALL | - CHOWN | keeps capabilities",
            })
    void aPlantedFaultIsFound(String right, String wrong, String told) {
        String yaml = Kustomize.render(Manifests.FOLDER.resolve("base"));
        assertTrue(yaml.contains(right), right);
        Manifests bad = Manifests.parse(
                right.startsWith("name: ")
                        ? yaml.replaceFirst("(kind: ServiceAccount(?s:.*?))" + right, "$1" + wrong)
                                .replaceAll("(serviceAccountName: simreg-worker)", "$1x")
                        : yaml.replace(right, wrong));
        List<String> problems = List.of(Schema.problems(bad), Pods.problems(bad), Links.problems(bad)).stream()
                .flatMap(List::stream)
                .toList();
        assertTrue(problems.stream().anyMatch(problem -> problem.contains(told)), "" + problems);
    }
}
