package org.simreg.coordinator.k8s;

import static org.simreg.coordinator.k8s.Manifests.all;
import static org.simreg.coordinator.k8s.Manifests.text;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The environment of a container.
 *
 * @param values by name; what only a node knows has an example
 */
record Variables(Map<String, String> values) {
    private static final Pattern USE = Pattern.compile("\\$\\(([A-Za-z_]+)\\)");
    private static final Map<String, String> EXAMPLES =
            Map.of("status.podIP", "10.1.2.3", "metadata.name", "simreg-worker-7d9f-x2x4v");

    static Variables of(Manifests manifests, JsonObject container) {
        Map<String, String> values = new TreeMap<>();
        for (JsonObject source : all(container, "envFrom")) {
            Optional<JsonObject> map = manifests.find("ConfigMap", text(source, "configMapRef", "name"));
            map.map(config -> config.getAsJsonObject("data"))
                    .ifPresent(data -> data.entrySet().forEach(e -> put(values, e)));
        }
        for (JsonObject one : all(container, "env")) {
            String field = text(one, "valueFrom", "fieldRef", "fieldPath");
            String secret = text(one, "valueFrom", "secretKeyRef", "name");
            values.put(
                    text(one, "name"),
                    !secret.isEmpty() ? "of-" + secret : EXAMPLES.getOrDefault(field, text(one, "value")));
        }
        return new Variables(values);
    }

    private static void put(Map<String, String> values, Map.Entry<String, JsonElement> entry) {
        values.put(entry.getKey(), entry.getValue().getAsString());
    }

    /** Unknown names stay as they are, as in a pod. */
    String expand(String argument) {
        return USE.matcher(argument)
                .replaceAll(use -> Matcher.quoteReplacement(values.getOrDefault(use.group(1), use.group())));
    }

    /** Adds the names that an argument asks for. */
    static void uses(String argument, Set<String> names) {
        USE.matcher(argument).results().forEach(use -> names.add(use.group(1)));
    }
}
