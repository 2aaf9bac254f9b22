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
    /** Seconds that a command has to end in order; see {@code StopSignal}. */
    private static final int USUAL_S = 60;

    /** What the kubelet needs besides. */
    private static final int HANDS_OVER_S = 3;

    private final List<String> problems = new ArrayList<>();
    private String title = "";

    private final boolean openshift;

    private Pods(boolean openshift) {
        this.openshift = openshift;
    }

    /** What is wrong with the pods of the workloads, a sentence each. */
    static List<String> problems(Manifests manifests) {
        return problems(manifests, false);
    }

    /**
     * The same.
     *
     * @param openshift whether the cluster gives pods their user
     */
    static List<String> problems(Manifests manifests, boolean openshift) {
        Pods pods = new Pods(openshift);
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
        // OpenShift gives its own user where none is named, and never root.
        require(user.matches("[1-9]\\d*") || openshift && user.isEmpty(), "has no numeric user but root");
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
            int wanted = leaves(manifests, spec) + HANDS_OVER_S;
            require(!grace.isEmpty() && Integer.parseInt(grace) >= wanted, "is killed before it has ended in order");
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

    /** After how many seconds its command ends, whatever it is at. */
    private static int leaves(Manifests manifests, JsonObject spec) {
        return all(spec, "containers").stream()
                .flatMap(container -> strings(container, "args").stream()
                        .filter(argument -> argument.startsWith("--leave-within="))
                        .map(argument -> Variables.of(manifests, container).expand(argument))
                        .map(argument -> argument.substring(argument.indexOf('=') + 1))
                        .map(Integer::parseInt))
                .findFirst()
                .orElse(USUAL_S);
    }
}
