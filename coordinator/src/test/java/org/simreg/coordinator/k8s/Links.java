package org.simreg.coordinator.k8s;

import static org.simreg.coordinator.k8s.Manifests.all;
import static org.simreg.coordinator.k8s.Manifests.at;
import static org.simreg.coordinator.k8s.Manifests.containers;
import static org.simreg.coordinator.k8s.Manifests.kind;
import static org.simreg.coordinator.k8s.Manifests.strings;
import static org.simreg.coordinator.k8s.Manifests.text;
import static org.simreg.coordinator.k8s.Manifests.title;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/** Rules for what names something else: it is there, and every setting is used. */
final class Links {
    /** Read by the program itself from its environment. */
    private static final Set<String> READ = Set.of("SIMREG_COORDINATOR", "SIMREG_JAVA_OPTS");

    private final Manifests manifests;
    private final List<String> problems = new ArrayList<>();

    private Links(Manifests manifests) {
        this.manifests = manifests;
    }

    /** What leads nowhere, a sentence each. */
    static List<String> problems(Manifests manifests) {
        Links links = new Links(manifests);
        manifests.workloads().forEach(links::workload);
        manifests.of("Service").forEach(links::service);
        manifests.of("PodDisruptionBudget").forEach(links::selects);
        manifests.of("NetworkPolicy").forEach(links::policy);
        manifests.of("ScaledObject").forEach(links::scaled);
        manifests.of("ServiceMonitor").forEach(links::monitor);
        links.settings();
        return links.problems;
    }

    private void require(boolean holds, JsonObject object, String what) {
        if (!holds) {
            problems.add(title(object) + " " + what);
        }
    }

    private void workload(JsonObject workload) {
        Optional<JsonElement> selector = at(workload, "spec", "selector", "matchLabels");
        JsonElement labels =
                at(workload, "spec", "template", "metadata", "labels").orElseThrow();
        require(selector.isEmpty() || covers(selector.get(), labels), workload, "doesn't select its own pods");
        if (kind(workload).equals("StatefulSet")) {
            String service = text(workload, "spec", "serviceName");
            require(manifests.find("Service", service).isPresent(), workload, "belongs to no service: " + service);
        }
        for (JsonObject container : containers(workload)) {
            for (JsonObject source : all(container, "envFrom")) {
                String map = text(source, "configMapRef", "name");
                if (at(source, "secretRef").isPresent()) {
                    continue;
                }
                require(manifests.find("ConfigMap", map).isPresent(), workload, "reads the unknown ConfigMap " + map);
            }
            Set<String> used = new TreeSet<>();
            strings(container, "args").forEach(argument -> Variables.uses(argument, used));
            used.removeAll(Variables.of(manifests, container).values().keySet());
            require(used.isEmpty(), workload, "has arguments with unknown variables " + used);
        }
    }

    /** Keys that nothing reads would be changed in vain. */
    private void settings() {
        Set<String> used = new TreeSet<>(READ);
        manifests
                .workloads()
                .flatMap(workload -> containers(workload).stream())
                .flatMap(container -> strings(container, "args").stream())
                .forEach(argument -> Variables.uses(argument, used));
        manifests
                .of("ConfigMap")
                .filter(map ->
                        text(map, "metadata", "labels", "grafana_dashboard").isEmpty())
                .forEach(map -> {
                    Set<String> keys = new TreeSet<>(map.getAsJsonObject("data").keySet());
                    keys.removeAll(used);
                    require(keys.isEmpty(), map, "has keys that nothing reads: " + keys);
                });
    }

    private void service(JsonObject service) {
        JsonElement selector = at(service, "spec", "selector").orElseThrow();
        List<JsonObject> pods = selected(selector).toList();
        require(!pods.isEmpty(), service, "selects no pod");
        for (JsonObject port : all(service, "spec", "ports")) {
            require(port.has("name"), service, "has a port without a name");
            String target = text(port, "targetPort");
            for (JsonObject pod : pods) {
                require(
                        ports(pod).contains(target),
                        service,
                        "leads to the port " + target + ", which " + title(pod) + " lacks");
            }
        }
    }

    private void selects(JsonObject object) {
        String field = kind(object).equals("NetworkPolicy") ? "podSelector" : "selector";
        JsonElement selector = at(object, "spec", field, "matchLabels").orElseThrow();
        boolean fence = kind(object).equals("NetworkPolicy");
        require(selected(selector, fence).findAny().isPresent(), object, "selects no pod");
    }

    private void policy(JsonObject policy) {
        selects(policy);
        JsonElement selector = at(policy, "spec", "podSelector", "matchLabels").orElseThrow();
        for (JsonObject rule : all(policy, "spec", "ingress")) {
            require(!all(rule, "from").isEmpty(), policy, "lets everybody in");
            for (JsonObject port : all(rule, "ports")) {
                String name = text(port, "port");
                require(
                        name.matches("\\d+")
                                || selected(selector).allMatch(pod -> ports(pod).contains(name)),
                        policy,
                        "opens the port " + name + ", which not all of its pods have");
            }
        }
    }

    private void scaled(JsonObject scaled) {
        String kind = text(scaled, "spec", "scaleTargetRef", "kind");
        String name = text(scaled, "spec", "scaleTargetRef", "name");
        Optional<JsonObject> target = manifests.find(kind, name);
        require(target.isPresent(), scaled, "scales nothing that is there");
        require(
                target.isEmpty() || at(target.get(), "spec", "replicas").isEmpty(),
                scaled,
                "scales what has replicas of its own: applying it again would undo the scaling");
        for (JsonObject trigger : all(scaled, "spec", "triggers")) {
            String proof = text(trigger, "authenticationRef", "name");
            require(
                    proof.isEmpty()
                            || manifests.find("TriggerAuthentication", proof).isPresent(),
                    scaled,
                    "shows the unknown TriggerAuthentication " + proof);
            String address = text(trigger, "metadata", "scalerAddress");
            require(
                    manifests.of("Service").anyMatch(service -> address.equals(grpc(service))),
                    scaled,
                    "asks " + address + ", which no service has");
        }
    }

    private static String grpc(JsonObject service) {
        String name = Manifests.name(service) + "." + text(service, "metadata", "namespace");
        return name
                + ".svc:"
                + all(service, "spec", "ports").stream()
                        .filter(port -> text(port, "name").equals("grpc"))
                        .map(port -> text(port, "port"))
                        .findFirst()
                        .orElse("");
    }

    private void monitor(JsonObject monitor) {
        JsonElement selector = at(monitor, "spec", "selector", "matchLabels").orElseThrow();
        List<JsonObject> services = manifests
                .of("Service")
                .filter(s -> covers(selector, at(s, "metadata", "labels").orElseThrow()))
                .toList();
        require(services.size() == 1, monitor, "finds " + services.size() + " services, not one");
        for (JsonObject endpoint : all(monitor, "spec", "endpoints")) {
            require(
                    services.stream()
                            .flatMap(service -> all(service, "spec", "ports").stream())
                            .anyMatch(p -> text(p, "name").equals(text(endpoint, "port"))),
                    monitor,
                    "scrapes a port that its service lacks");
        }
    }

    private Stream<JsonObject> selected(JsonElement selector) {
        return selected(selector, false);
    }

    private Stream<JsonObject> selected(JsonElement selector, boolean jobs) {
        return manifests
                .workloads()
                .filter(workload -> jobs || !kind(workload).equals("Job"))
                .filter(workload -> covers(
                        selector,
                        at(workload, "spec", "template", "metadata", "labels").orElseThrow()));
    }

    private static boolean covers(JsonElement selector, JsonElement labels) {
        for (Map.Entry<String, JsonElement> wanted : selector.getAsJsonObject().entrySet()) {
            if (!wanted.getValue().equals(labels.getAsJsonObject().get(wanted.getKey()))) {
                return false;
            }
        }
        return true;
    }

    private static List<String> ports(JsonObject workload) {
        return containers(workload).stream()
                .flatMap(container -> all(container, "ports").stream())
                .map(port -> text(port, "name"))
                .toList();
    }
}
