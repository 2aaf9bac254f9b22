package org.simreg.coordinator.k8s;

import static org.simreg.coordinator.k8s.Manifests.all;
import static org.simreg.coordinator.k8s.Manifests.at;
import static org.simreg.coordinator.k8s.Manifests.kind;
import static org.simreg.coordinator.k8s.Manifests.strings;
import static org.simreg.coordinator.k8s.Manifests.text;
import static org.simreg.coordinator.k8s.Manifests.title;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * kube-linter's checks that are on by default, under its names, all 31 of August 2026.
 *
 * @see <a href="https://github.com/stackrox/kube-linter/blob/main/docs/generated/checks.md">its list</a>
 */
final class LinterRules {
    private static final Set<String> HOSTS = Set.of("/", "/boot", "/dev", "/etc", "/lib", "/proc", "/sys", "/usr");

    private static final List<String> UNSAFE = List.of("kernel.msg", "kernel.sem", "kernel.shm", "fs.mqueue.", "net.");

    private final Manifests manifests;
    private final List<String> problems = new ArrayList<>();
    private String title = "";

    private LinterRules(Manifests manifests) {
        this.manifests = manifests;
    }

    /** Each breach as the rule's name and the object's. */
    static List<String> problems(Manifests manifests) {
        LinterRules rules = new LinterRules(manifests);
        manifests.objects().forEach(rules::look);
        return rules.problems;
    }

    private void require(boolean holds, String rule) {
        if (!holds) {
            problems.add(rule + ": " + title);
        }
    }

    private void look(JsonObject object) {
        title = title(object);
        require(!text(object, "apiVersion").startsWith("extensions/v1beta"), "no-extensions-v1beta");
        switch (kind(object)) {
            case "Service" -> service(object);
            case "PodDisruptionBudget" -> budget(object);
            case "Deployment", "StatefulSet" -> lasting(object);
            case "Job" -> job(object);
            case "Pod" -> pod(object.getAsJsonObject("spec"));
            default -> {}
        }
    }

    private void service(JsonObject service) {
        JsonElement selector = at(service, "spec", "selector").orElseGet(JsonObject::new);
        require(workloads().anyMatch(one -> covers(selector, labels(one))), "dangling-service");
        all(service, "spec", "ports").forEach(port -> named(text(port, "targetPort")));
    }

    /** The names of ports are those of services: at most 15 small letters, digits and dashes, and a letter. */
    private void named(String port) {
        boolean number = port.isEmpty() || port.matches("\\d+");
        require(number || port.matches("(?=.*[a-z])[a-z0-9]([a-z0-9]|-(?!-)){0,14}(?<!-)"), "invalid-target-ports");
    }

    private void budget(JsonObject budget) {
        String most = text(budget, "spec", "maxUnavailable");
        require(!most.matches("0%?"), "pdb-max-unavailable");
        String least = text(budget, "spec", "minAvailable");
        JsonElement selector = at(budget, "spec", "selector", "matchLabels").orElseGet(JsonObject::new);
        boolean stands = least.isEmpty()
                || !least.equals("100%")
                        && workloads()
                                .filter(one -> covers(selector, labels(one)))
                                .noneMatch(one -> replicas(one) <= Integer.parseInt(least.replace("%", "")));
        require(stands, "pdb-min-available");
        require(at(budget, "spec", "unhealthyPodEvictionPolicy").isPresent(), "pdb-unhealthy-pod-eviction-policy");
    }

    private void lasting(JsonObject workload) {
        JsonElement selector = at(workload, "spec", "selector", "matchLabels").orElseGet(JsonObject::new);
        require(covers(selector, labels(workload)), "mismatching-selector");
        JsonObject spec = at(workload, "spec", "template", "spec").orElseThrow().getAsJsonObject();
        boolean apart = Stream.of(
                        "preferredDuringSchedulingIgnoredDuringExecution",
                        "requiredDuringSchedulingIgnoredDuringExecution")
                .anyMatch(way -> !all(spec, "affinity", "podAntiAffinity", way).isEmpty());
        require(apart || replicas(workload) < 2, "no-anti-affinity");
        pod(spec);
    }

    private void job(JsonObject job) {
        require(at(job, "spec", "ttlSecondsAfterFinished").isPresent(), "job-ttl-seconds-after-finished");
        pod(at(job, "spec", "template", "spec").orElseThrow().getAsJsonObject());
    }

    private void pod(JsonObject spec) {
        require(at(spec, "serviceAccount").isEmpty(), "deprecated-service-account-field");
        String account = text(spec, "serviceAccountName");
        require(
                account.isEmpty()
                        || account.equals("default")
                        || manifests.find("ServiceAccount", account).isPresent(),
                "non-existent-service-account");
        require(!text(spec, "hostIPC").equals("true"), "host-ipc");
        require(!text(spec, "hostNetwork").equals("true"), "host-network");
        require(!text(spec, "hostPID").equals("true"), "host-pid");
        for (JsonObject volume : all(spec, "volumes")) {
            String path = text(volume, "hostPath", "path");
            require(!HOSTS.contains(path), "sensitive-host-mounts");
            require(!path.endsWith("docker.sock"), "docker-sock");
        }
        require(
                all(spec, "securityContext", "sysctls").stream()
                        .map(one -> text(one, "name"))
                        .noneMatch(name -> UNSAFE.stream().anyMatch(name::startsWith)),
                "unsafe-sysctls");
        String pods = title;
        for (String part : List.of("initContainers", "containers")) {
            for (JsonObject container : all(spec, part)) {
                title = pods + " container " + text(container, "name");
                confined(spec, container);
                asked(container);
                variables(container);
            }
        }
        title = pods;
    }

    private void confined(JsonObject spec, JsonObject container) {
        String image = text(container, "image");
        require(!image.endsWith(":latest") && image.matches(".*:[^/:]+"), "latest-tag");
        require(text(container, "securityContext", "readOnlyRootFilesystem").equals("true"), "no-read-only-root-fs");
        require(!text(container, "securityContext", "privileged").equals("true"), "privileged-container");
        boolean escalates = text(container, "securityContext", "allowPrivilegeEscalation")
                        .equals("true")
                || text(container, "securityContext", "privileged").equals("true")
                || strings(container, "securityContext", "capabilities", "add").contains("SYS_ADMIN");
        require(!escalates, "privilege-escalation-container");
        List<String> dropped = strings(container, "securityContext", "capabilities", "drop");
        require(dropped.contains("ALL") || dropped.contains("NET_RAW"), "drop-net-raw-capability");
        boolean plain = either(spec, container, "runAsNonRoot").equals("true")
                && !either(spec, container, "runAsUser").equals("0")
                && !either(spec, container, "runAsGroup").equals("0");
        require(plain, "run-as-non-root");
        require(at(container, "resources", "requests", "cpu").isPresent(), "unset-cpu-requirements");
        require(at(container, "resources", "limits", "memory").isPresent(), "unset-memory-requirements");
    }

    /** The container's own word, else its pod's. */
    private static String either(JsonObject spec, JsonObject container, String field) {
        String own = text(container, "securityContext", field);
        return own.isEmpty() ? text(spec, "securityContext", field) : own;
    }

    private void asked(JsonObject container) {
        Set<String> ports = new HashSet<>();
        for (JsonObject port : all(container, "ports")) {
            ports.add(text(port, "name"));
            ports.add(text(port, "containerPort"));
            named(text(port, "name"));
            boolean tcp = Set.of("", "TCP").contains(text(port, "protocol"));
            require(!(tcp && text(port, "containerPort").equals("22")), "ssh-port");
        }
        Map.of("livenessProbe", "liveness-port", "readinessProbe", "readiness-port", "startupProbe", "startup-port")
                .forEach((probe, rule) -> {
                    String port = Stream.of("grpc", "httpGet", "tcpSocket")
                            .map(way -> text(container, probe, way, "port"))
                            .reduce("", String::concat);
                    require(port.isEmpty() || ports.contains(port), rule);
                });
    }

    private void variables(JsonObject container) {
        Set<String> names = new HashSet<>();
        for (JsonObject variable : all(container, "env")) {
            require(names.add(text(variable, "name")), "duplicate-env-var");
            boolean secret = text(variable, "name").matches("(?i).*secret.*");
            require(!secret || text(variable, "value").isEmpty(), "env-var-secret");
        }
    }

    private Stream<JsonObject> workloads() {
        return manifests.of("Deployment", "StatefulSet", "DaemonSet", "Job", "Pod");
    }

    private static int replicas(JsonObject workload) {
        String said = text(workload, "spec", "replicas");
        return said.isEmpty() ? 1 : Integer.parseInt(said);
    }

    private static JsonObject labels(JsonObject workload) {
        JsonElement labels = kind(workload).equals("Pod")
                ? at(workload, "metadata", "labels").orElseGet(JsonObject::new)
                : at(workload, "spec", "template", "metadata", "labels").orElseGet(JsonObject::new);
        return labels.getAsJsonObject();
    }

    private static boolean covers(JsonElement selector, JsonObject labels) {
        return selector.getAsJsonObject().entrySet().stream()
                .allMatch(wanted -> wanted.getValue().equals(labels.get(wanted.getKey())));
    }
}
