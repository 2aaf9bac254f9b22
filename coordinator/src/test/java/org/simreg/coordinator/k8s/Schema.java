package org.simreg.coordinator.k8s;

import static org.simreg.coordinator.k8s.Manifests.kind;
import static org.simreg.coordinator.k8s.Manifests.text;
import static org.simreg.coordinator.k8s.Manifests.title;

import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonSyntaxException;
import java.lang.reflect.InvocationTargetException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;

/** The fields that the Kubernetes API and two operators know, and what type each is. */
final class Schema {
    private static final Gson GSON = new Gson();

    private static final Set<String> OURS =
            Set.of("v1", "apps/v1", "batch/v1", "policy/v1", "networking.k8s.io/v1", "scheduling.k8s.io/v1");

    /** Fields of custom resources that we may use; a star stands for any name. */
    private static final Map<String, List<String>> CUSTOM = Map.of(
            "keda.sh/v1alpha1 ScaledObject",
            List.of(
                    "scaleTargetRef.apiVersion",
                    "scaleTargetRef.kind",
                    "scaleTargetRef.name",
                    "minReplicaCount",
                    "maxReplicaCount",
                    "pollingInterval",
                    "cooldownPeriod",
                    "advanced.horizontalPodAutoscalerConfig.behavior.*.policies.periodSeconds",
                    "advanced.horizontalPodAutoscalerConfig.behavior.*.policies.type",
                    "advanced.horizontalPodAutoscalerConfig.behavior.*.policies.value",
                    "advanced.horizontalPodAutoscalerConfig.behavior.*.stabilizationWindowSeconds",
                    "triggers.type",
                    "triggers.name",
                    "triggers.authenticationRef.name",
                    "triggers.metadata.*"),
            "keda.sh/v1alpha1 TriggerAuthentication",
            List.of("secretTargetRef.parameter", "secretTargetRef.name", "secretTargetRef.key"),
            "monitoring.coreos.com/v1 ServiceMonitor",
            List.of(
                    "selector.matchLabels.*",
                    "endpoints.port",
                    "endpoints.path",
                    "endpoints.interval",
                    "endpoints.scrapeTimeout",
                    "endpoints.scheme",
                    "endpoints.tlsConfig.ca.secret.name",
                    "endpoints.tlsConfig.ca.secret.key",
                    "endpoints.tlsConfig.serverName"),
            "monitoring.coreos.com/v1 PrometheusRule",
            List.of(
                    "groups.name",
                    "groups.rules.alert",
                    "groups.rules.expr",
                    "groups.rules.for",
                    "groups.rules.labels.*",
                    "groups.rules.annotations.*"));

    private Schema() {}

    /** What the API would refuse, a sentence each. */
    static List<String> problems(JsonObject object) {
        String type = text(object, "apiVersion") + " " + kind(object);
        if (CUSTOM.containsKey(type)) {
            return custom(object, CUSTOM.get(type));
        }
        if (!OURS.contains(text(object, "apiVersion"))) {
            return List.of(title(object) + " is of an unknown API " + type);
        }
        try {
            Class<?> model = Class.forName("io.kubernetes.client.openapi.models.V1" + kind(object));
            model.getMethod("validateJsonElement", JsonElement.class).invoke(null, object);
            Objects.requireNonNull(GSON.fromJson(object, model));
            return List.of();
        } catch (ClassNotFoundException e) {
            return List.of(title(object) + " is of a kind that the API doesn't have");
        } catch (InvocationTargetException e) {
            return List.of(title(object) + ": " + e.getCause().getMessage());
        } catch (JsonSyntaxException e) {
            return List.of(title(object) + ": " + e.getMessage());
        } catch (ReflectiveOperationException e) {
            throw new AssertionError("The API's types have changed", e);
        }
    }

    private static List<String> custom(JsonObject object, List<String> known) {
        Set<String> leaves = new TreeSet<>();
        leaves(object.get("spec"), "", leaves);
        return leaves.stream()
                .filter(leaf -> known.stream().noneMatch(pattern -> fits(leaf, pattern)))
                .map(leaf -> title(object) + " has an unknown field spec." + leaf)
                .toList();
    }

    private static boolean fits(String leaf, String pattern) {
        String[] names = leaf.split("\\.", pattern.split("\\.").length);
        String[] wanted = pattern.split("\\.");
        if (names.length != wanted.length) {
            return false;
        }
        for (int i = 0; i < names.length; i++) {
            boolean dotted = names[i].contains(".") && i == names.length - 1;
            boolean any = wanted[i].equals("*");
            if (!any && (dotted || !names[i].equals(wanted[i]))) {
                return false;
            }
        }
        return true;
    }

    /** Paths to everything that has no fields; positions in arrays are left out. */
    private static void leaves(JsonElement from, String path, Set<String> into) {
        if (from.isJsonObject()) {
            String prefix = path.isEmpty() ? "" : path + ".";
            from.getAsJsonObject().entrySet().forEach(field -> leaves(field.getValue(), prefix + field.getKey(), into));
        } else if (from.isJsonArray()) {
            from.getAsJsonArray().forEach(one -> leaves(one, path, into));
        } else {
            into.add(path);
        }
    }

    /** What is wrong with any of the objects. */
    static List<String> problems(Manifests manifests) {
        return manifests.objects().stream()
                .flatMap(object -> problems(object).stream())
                .toList();
    }
}
