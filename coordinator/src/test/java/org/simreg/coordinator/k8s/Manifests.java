package org.simreg.coordinator.k8s;

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/** Rendered objects of the Kubernetes API, in their order. */
public record Manifests(List<JsonObject> objects) {
    /** The folder {@code k8s}. */
    static final Path FOLDER = Path.of("..", "k8s").toAbsolutePath().normalize();

    private static final Gson GSON = new Gson();

    public Manifests {
        objects = List.copyOf(objects);
    }

    /** What {@code kubectl apply -k k8s/overlays/NAME} sends. */
    public static Manifests overlay(String name) {
        return parse(Kustomize.render(FOLDER.resolve("overlays").resolve(name)));
    }

    static Manifests parse(String yaml) {
        List<JsonObject> objects = new ArrayList<>();
        for (Object document : new Yaml(new SafeConstructor(new LoaderOptions())).loadAll(yaml)) {
            if (document != null) {
                objects.add(GSON.toJsonTree(document).getAsJsonObject());
            }
        }
        return new Manifests(objects);
    }

    Manifests and(Manifests others) {
        return new Manifests(
                Stream.concat(objects.stream(), others.objects.stream()).toList());
    }

    Stream<JsonObject> of(String... kinds) {
        return objects.stream().filter(object -> List.of(kinds).contains(kind(object)));
    }

    Optional<JsonObject> find(String kind, String name) {
        return of(kind).filter(object -> name(object).equals(name)).findFirst();
    }

    /** Deployments and their like. */
    Stream<JsonObject> workloads() {
        return of("Deployment", "StatefulSet", "Job");
    }

    /** The arguments of a workload's only container, with its variables put in. */
    public List<String> arguments(String kind, String name) {
        JsonObject workload = find(kind, name).orElseThrow();
        JsonObject container = containers(workload).get(0);
        return strings(container, "args").stream()
                .map(argument -> Variables.of(this, container).expand(argument))
                .toList();
    }

    /** A variable of that container. */
    public String variable(String kind, String name, String variable) {
        JsonObject container = containers(find(kind, name).orElseThrow()).get(0);
        return Variables.of(this, container).expand("$(" + variable + ")");
    }

    static String kind(JsonObject object) {
        return text(object, "kind");
    }

    static String name(JsonObject object) {
        return text(object, "metadata", "name");
    }

    /** How messages name an object. */
    static String title(JsonObject object) {
        return kind(object) + " " + name(object);
    }

    static List<JsonObject> containers(JsonObject workload) {
        return all(workload, "spec", "template", "spec", "containers");
    }

    /** The element at a path of fields; none is an absent one. */
    static Optional<JsonElement> at(JsonElement from, String... path) {
        JsonElement here = from;
        for (String field : path) {
            if (here == null || !here.isJsonObject()) {
                return Optional.empty();
            }
            here = here.getAsJsonObject().get(field);
        }
        return Optional.ofNullable(here);
    }

    /** The text or number at a path, as text; absent: empty. */
    static String text(JsonElement from, String... path) {
        return at(from, path).map(JsonElement::getAsString).orElse("");
    }

    /** The objects in the array at a path; absent: none. */
    static List<JsonObject> all(JsonElement from, String... path) {
        return at(from, path).map(JsonElement::getAsJsonArray).map(Manifests::elements).orElse(List.of()).stream()
                .map(JsonElement::getAsJsonObject)
                .toList();
    }

    static List<String> strings(JsonElement from, String... path) {
        return at(from, path).map(JsonElement::getAsJsonArray).map(Manifests::elements).orElse(List.of()).stream()
                .map(JsonElement::getAsString)
                .toList();
    }

    private static List<JsonElement> elements(JsonArray array) {
        return Collections.unmodifiableList(array.asList());
    }
}
