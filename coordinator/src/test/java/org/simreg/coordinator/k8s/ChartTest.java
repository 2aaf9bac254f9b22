package org.simreg.coordinator.k8s;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.simreg.coordinator.k8s.Manifests.kind;
import static org.simreg.coordinator.k8s.Manifests.title;

import com.google.gson.JsonObject;
import com.marcnuri.helm.Helm;
import com.marcnuri.helm.LintResult;
import com.marcnuri.helm.TemplateCommand;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The chart by Helm's own code, in this JVM. */
class ChartTest {
    private static final String OUT = "data.pack.out=s3://pictures/shards";
    private static final Path CHART = Manifests.FOLDER.resolve("helm").resolve("simreg");

    private static String template(String release, String namespace, String... values) {
        return template(new Helm(CHART).template().withNamespace(namespace), release, values);
    }

    private static String template(Path chart, String release, String... values) {
        return template(new Helm(chart).template(), release, values);
    }

    private static String template(TemplateCommand made, String release, String... values) {
        TemplateCommand command = made.withName(release).withKubeVersion("1.27.0");
        for (String value : values) {
            String[] parts = value.split("=", 2);
            command.set(parts[0], parts[1]);
        }
        return command.call();
    }

    private static Manifests chart(String... values) {
        return Manifests.parse(template("simreg", "simreg", values));
    }

    @Test
    void helmsOwnLintHasNothingToSay() {
        LintResult result = new Helm(CHART).lint().strict().call();
        assertFalse(result.isFailed(), "" + result.getMessages());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "cpu | networkPolicy.enabled=true",
                "gpu | worker.gpu.enabled=true",
                "keda | keda.enabled=true,keda.wait=false",
                "monitoring | monitoring.enabled=true",
                "bucket | data.bucket.enabled=true,data.bucket.secret=simreg-bucket",
                "claim | data.claim=simreg-data",
                "pack | data.pack.enabled=true",
                "secure | secure.enabled=true",
                "spot | worker.spot.enabled=true,priorityClasses.create=true",
                "secure-keda | secure.enabled=true,keda.enabled=true,keda.wait=false",
                "secure-monitoring | secure.enabled=true,monitoring.enabled=true"
            })
    void theChartMakesWhatTheOverlayMakes(String overlay, String value) {
        Manifests rendered = Manifests.overlay(overlay);
        boolean adds = rendered.find("Deployment", "simreg-worker").isEmpty();
        Manifests whole = adds
                ? Manifests.overlay(overlay.startsWith("secure-") ? "secure" : "cpu")
                        .and(rendered)
                : rendered;
        Map<String, JsonObject> expected = comparable(whole);
        // Helm makes namespaces by --create-namespace.
        expected.remove("Namespace simreg");
        Map<String, JsonObject> actual = comparable(chart(value.split(",")));
        assertEquals(expected.keySet(), actual.keySet());
        expected.forEach((title, object) -> assertEquals(object, actual.get(title), title));
    }

    /** The cluster itself has the bucket's Secret too, which the overlay for the Job alone leaves to another. */
    @Test
    void shardsGoIntoABucketWithoutAClaimAsInTheOverlay() {
        Manifests chart =
                chart("data.pack.enabled=true", "data.bucket.enabled=true", "data.bucket.secret=simreg-bucket", OUT);
        JsonObject made = chart.find("Job", "simreg-pack").orElseThrow();
        assertEquals(
                comparable(Manifests.overlay("pack-bucket")).get("Job simreg-pack"),
                comparable(chart).get(title(made)));
        assertFalse(made.toString().contains("simreg-data"), "no claim for shards");
        assertTrue(made.toString().contains("--out=s3://pictures/shards"));
    }

    /** Helm for Java shows no hooks, so that the Secret is looked at in a copy in which it is none. */
    @Test
    void theClustersNameIsASecretThatNobodyGuessesAndThatUpgradesKeep(@TempDir Path folder) throws IOException {
        Path copy = copied(folder);
        Path secret = copy.resolve("templates/secret.yaml");
        String text = Files.readString(secret);
        String hook = "  annotations:\n    helm.sh/hook: pre-install\n";
        assertTrue(text.contains(hook), text);
        Files.writeString(secret, text.replace(hook, ""));
        List<String> names = Stream.of(template(copy, "lab"), template(copy, "lab"))
                .map(made -> Manifests.parse(made).find("Secret", "lab-cluster").orElseThrow())
                .map(made -> made.getAsJsonObject("data").get("name").getAsString())
                .distinct()
                .toList();
        assertEquals(2, names.size(), "random");
        assertEquals(32, Base64.getDecoder().decode(names.get(0)).length);
        String own = template(copy, "lab", "config.clusterSecret=mine");
        assertFalse(own.contains("kind: Secret"), "of one's own none is made");
        assertEquals(2, own.split("name: mine", -1).length - 1, "coordinator and workers take it");
    }

    /** Without what only tells who made it, and with plain names of generated objects. */
    private static Map<String, JsonObject> comparable(Manifests manifests) {
        Map<String, JsonObject> byTitle = new TreeMap<>();
        for (JsonObject object : manifests.objects()) {
            String text = object.toString().replaceAll("\"simreg-[0-9a-z]{10}\"", "\"simreg\"");
            JsonObject plain = Manifests.parse(text).objects().get(0);
            JsonObject metadata = plain.getAsJsonObject("metadata");
            metadata.remove("annotations");
            JsonObject labels = metadata.getAsJsonObject("labels");
            labels.remove("helm.sh/chart");
            labels.remove("app.kubernetes.io/managed-by");
            if (kind(plain).matches("Deployment|StatefulSet")) {
                JsonObject template = plain.getAsJsonObject("spec").getAsJsonObject("template");
                template.getAsJsonObject("metadata").remove("annotations");
            }
            byTitle.put(title(plain), plain);
        }
        return byTitle;
    }

    /** Every pair of switches, all of them, and none; every set of them with {@code -Dsimreg.test.switches=all}. */
    @Test
    void whateverIsSwitchedOnTheApiTakesIt() {
        List<String> switches = List.of(
                "worker.gpu.enabled=true",
                "secure.enabled=true",
                "keda.enabled=true,keda.wait=false",
                "monitoring.enabled=true",
                "data.bucket.enabled=true,data.bucket.secret=simreg-bucket",
                "data.claim=simreg-data",
                "data.pack.enabled=true",
                "networkPolicy.enabled=false",
                "podSecurity.user=null,podSecurity.group=null,podSecurity.fsGroup=null",
                "worker.spot.enabled=true",
                "priorityClasses.create=true",
                "image.arch=arm64");
        int whole = (1 << switches.size()) - 1;
        boolean all = "all".equals(System.getProperty("simreg.test.switches"));
        for (int chosen = 0; chosen <= whole; chosen++) {
            int count = Integer.bitCount(chosen);
            if (!all && count != 2 && chosen != 0 && chosen != whole) {
                continue;
            }
            List<String> values = new ArrayList<>();
            for (int i = 0; i < switches.size(); i++) {
                if ((chosen >> i & 1) == 1) {
                    values.addAll(List.of(switches.get(i).split(",")));
                }
            }
            Manifests made = chart(values.toArray(new String[0]));
            boolean openshift = values.contains("podSecurity.user=null");
            assertEquals(List.of(), Schema.problems(made), () -> "" + values);
            assertEquals(List.of(), Pods.problems(made, openshift), () -> "" + values);
            assertEquals(List.of(), Links.problems(made), () -> "" + values);
            assertEquals(List.of(), LinterRules.problems(made), () -> "" + values);
        }
    }

    /** Helm for Java shows no hooks, so that helm test's pod is looked at in a copy in which it is none. */
    @Test
    void helmTestAsksTheCoordinatorAsAClientThatMay(@TempDir Path folder) throws IOException {
        Path copy = copied(folder);
        Path test = copy.resolve("templates/tests/answers.yaml");
        String text = Files.readString(test);
        assertTrue(text.contains("helm.sh/hook: test\n"), text);
        Files.writeString(test, text.replaceAll("(?m)^  annotations:\n(    helm.sh/.*\n)+", ""));
        for (String secure : List.of("false", "true")) {
            Manifests made = Manifests.parse(template(copy, "lab", "secure.enabled=" + secure));
            assertEquals(List.of(), Schema.problems(made));
            assertEquals(List.of(), LinterRules.problems(made));
            JsonObject pod = made.find("Pod", "lab-test").orElseThrow();
            assertEquals("lab-test", Manifests.text(pod, "metadata", "labels", "app.kubernetes.io/name"), "no member");
            List<String> arguments =
                    Manifests.strings(Manifests.all(pod, "spec", "containers").get(0), "args");
            assertEquals("workers", arguments.get(0));
            assertEquals(secure.equals("true"), arguments.contains("--token-file=/etc/simreg/token/token"));
            assertEquals(secure.equals("true"), pod.toString().contains("simreg-client-token"));
        }
    }

    private static Path copied(Path folder) throws IOException {
        Path copy = folder.resolve("simreg");
        try (Stream<Path> files = Files.walk(CHART)) {
            for (Path file : files.toList()) {
                Files.copy(file, copy.resolve(CHART.relativize(file).toString()));
            }
        }
        return copy;
    }

    @ParameterizedTest
    @ValueSource(strings = {"networkPolicy.enabled=false", "worker.gpu.enabled=true"})
    void whatItMakesIsValidUnderAnyName(String value) {
        String keda = "keda.enabled=true";
        String monitoring = "monitoring.enabled=true";
        String yaml = template("lab", "vision", value, keda, "keda.wait=false", monitoring);
        Manifests manifests = Manifests.parse(yaml);
        assertEquals(List.of(), Schema.problems(manifests));
        assertEquals(List.of(), Pods.problems(manifests));
        assertEquals(List.of(), Links.problems(manifests));
        assertFalse(yaml.contains("namespace=\"simreg\""), "rules of another namespace");
        assertTrue(manifests.find("ScaledObject", "lab-worker").isPresent());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "image.tag=latest | tag",
                "worker.threads=0 | threads",
                "worker.device=gpu | device",
                "worker.gpu.count=0 | count",
                "config.log=xml | log",
                "keda.min=-1 | min",
                "coordinator.storage.size=big | size",
                "worker.replicas=3 | replicas",
                "worker.cacheSize=20GB | cacheSize",
                "data.claim=My_Claim | claim",
                "data.pack.out=/tmp | out",
            })
    void aWrongValueIsRefusedByName(String value, String named) {
        String message = assertThrows(RuntimeException.class, () -> template("simreg", "simreg", value))
                .getMessage();
        assertTrue(message.contains("values don't meet"), message);
        assertTrue(message.contains(named), message);
    }

    @Test
    void aPodOfManyGpusRunsAWorkerForEach() {
        String yaml =
                template("simreg", "simreg", "worker.gpu.enabled=true", "worker.gpu.count=4", "worker.gpu.cpu=32");
        assertTrue(yaml.contains("SIMREG_DEVICE: \"cuda:all\""), yaml);
        assertEquals(2, yaml.split("nvidia.com/gpu: \"4\"", -1).length - 1, yaml);
        assertTrue(template("simreg", "simreg", "worker.gpu.enabled=true").contains("SIMREG_DEVICE: \"cuda:0\""));
    }
}
