package org.simreg.coordinator.k8s;

import static org.simreg.coordinator.k8s.Manifests.all;
import static org.simreg.coordinator.k8s.Manifests.at;
import static org.simreg.coordinator.k8s.Manifests.containers;
import static org.simreg.coordinator.k8s.Manifests.kind;
import static org.simreg.coordinator.k8s.Manifests.strings;
import static org.simreg.coordinator.k8s.Manifests.text;
import static org.simreg.coordinator.k8s.Manifests.title;

import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Rules for what runs: nobody is root, nothing is without limit, everything is asked how it is. */
final class Pods {
    /** A command has a minute to end in order; see {@code Stop}. */
    private static final int LEAST_GRACE_S = 65;

    private final List<String> problems = new ArrayList<>();
    private String title = "";

    private Pods() {}

    /** What is wrong with the pods of the workloads, a sentence each. */
    static List<String> problems(Manifests manifests) {
        Pods pods = new Pods();
        manifests.workloads().forEach(workload -> pods.look(manifests, workload));
        return pods.problems;
    }

    private void require(boolean holds, String what) {
        if (!holds) {
            problems.add(title + " " + what);
        }
    }

    private void look(Manifests manifests, JsonObject workload) {
        title = title(workload);
        JsonObject spec = at(workload, "spec", "template", "spec").orElseThrow().getAsJsonObject();
        pod(manifests, spec, !kind(workload).equals("Job"));
        for (JsonObject container : containers(workload)) {
            title = title(workload) + " container " + text(container, "name");
            confined(container);
            limited(container);
            mounts(workload, spec, container);
            if (!kind(workload).equals("Job")) {
                probed(container);
            }
        }
    }

    private void pod(Manifests manifests, JsonObject spec, boolean lasting) {
        require(text(spec, "securityContext", "runAsNonRoot").equals("true"), "may be root");
        String user = text(spec, "securityContext", "runAsUser");
        require(user.matches("[1-9]\\d*"), "has no numeric user but root");
        String profile = text(spec, "securityContext", "seccompProfile", "type");
        require(profile.equals("RuntimeDefault"), "has all system calls");
        require(text(spec, "automountServiceAccountToken").equals("false"), "has an API token");
        for (String shared : List.of("hostNetwork", "hostPID", "hostIPC")) {
            require(at(spec, shared).isEmpty(), "shares its node's: " + shared);
        }
        require(
                all(spec, "volumes").stream().noneMatch(volume -> volume.has("hostPath")),
                "mounts a folder of its node");
        String account = text(spec, "serviceAccountName");
        require(manifests.find("ServiceAccount", account).isPresent(), "runs as the unknown account '" + account + "'");
        if (lasting) {
            String grace = text(spec, "terminationGracePeriodSeconds");
            require(
                    !grace.isEmpty() && Integer.parseInt(grace) >= LEAST_GRACE_S,
                    "is killed before it has ended in order");
        }
    }

    private void confined(JsonObject container) {
        String[] context = {"securityContext", ""};
        context[1] = "allowPrivilegeEscalation";
        require(text(container, context).equals("false"), "may escalate its privileges");
        context[1] = "readOnlyRootFilesystem";
        require(text(container, context).equals("true"), "writes to its image");
        List<String> dropped = strings(container, "securityContext", "capabilities", "drop");
        require(dropped.equals(List.of("ALL")), "keeps capabilities");
        String image = text(container, "image");
        require(image.matches(".+:[^:/]+"), "has an image without a tag: " + image);
        require(!image.endsWith(":latest"), "has an image of the tag latest");
    }

    private void limited(JsonObject container) {
        for (String part : List.of("requests", "limits")) {
            for (String what : List.of("cpu", "memory")) {
                require(at(container, "resources", part, what).isPresent(), "has no " + part + " of " + what);
            }
        }
    }

    private void probed(JsonObject container) {
        Set<String> ports = new TreeSet<>();
        for (JsonObject port : all(container, "ports")) {
            require(port.has("name"), "has a port without a name");
            ports.add(text(port, "name"));
            ports.add(text(port, "containerPort"));
        }
        for (String probe : List.of("startupProbe", "readinessProbe", "livenessProbe")) {
            String port = text(container, probe, "grpc", "port") + text(container, probe, "httpGet", "port");
            require(!port.isEmpty(), "has no " + probe);
            require(ports.contains(port), "is asked by its " + probe + " at a port it lacks");
        }
    }

    private void mounts(JsonObject workload, JsonObject spec, JsonObject container) {
        Set<String> volumes = Stream.concat(
                        all(spec, "volumes").stream().map(v -> text(v, "name")),
                        all(workload, "spec", "volumeClaimTemplates").stream().map(Manifests::name))
                .collect(Collectors.toSet());
        Set<String> mounted = new TreeSet<>();
        all(container, "volumeMounts").forEach(mount -> mounted.add(text(mount, "name")));
        require(volumes.equals(mounted), "mounts " + mounted + " of the volumes " + volumes);
        Optional<JsonObject> temporary = all(container, "volumeMounts").stream()
                .filter(mount -> text(mount, "mountPath").equals("/tmp"))
                .findFirst();
        require(temporary.isPresent(), "has no /tmp, which the JVM writes to");
    }
}
