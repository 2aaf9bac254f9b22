package org.simreg.coordinator.k8s;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** What kube-linter would say of manifests that nobody should apply. */
class LinterRulesTest {
    private static final String BAD = """
            apiVersion: v1
            kind: Service
            metadata: {name: lost}
            spec:
              selector: {app: nobody}
              ports: [{port: 80, targetPort: Web_Port}]
            ---
            apiVersion: extensions/v1beta1
            kind: Deployment
            metadata: {name: bad}
            spec:
              replicas: 2
              selector: {matchLabels: {app: bad}}
              template:
                metadata: {labels: {app: other}}
                spec:
                  serviceAccount: ghost
                  serviceAccountName: ghost
                  hostIPC: true
                  hostNetwork: true
                  hostPID: true
                  securityContext: {sysctls: [{name: net.core.somaxconn, value: "1"}]}
                  volumes:
                    - {name: a, hostPath: {path: /etc}}
                    - {name: b, hostPath: {path: /var/run/docker.sock}}
                  containers:
                    - name: bad
                      image: simreg:latest
                      securityContext: {privileged: true}
                      ports: [{containerPort: 22}]
                      env:
                        - {name: A, value: b}
                        - {name: A, value: c}
                        - {name: MY_SECRET, value: open}
                      livenessProbe: {httpGet: {port: 1}}
                      readinessProbe: {grpc: {port: 2}}
                      startupProbe: {tcpSocket: {port: http}}
            ---
            apiVersion: batch/v1
            kind: Job
            metadata: {name: kept}
            spec: {template: {spec: {containers: []}}}
            ---
            apiVersion: policy/v1
            kind: PodDisruptionBudget
            metadata: {name: stuck}
            spec: {maxUnavailable: 0, minAvailable: 2, selector: {matchLabels: {app: other}}}
            """;

    @Test
    void everyRuleFindsItsBreach() {
        Set<String> rules = LinterRules.problems(Manifests.parse(BAD)).stream()
                .map(problem -> problem.substring(0, problem.indexOf(':')))
                .collect(Collectors.toCollection(TreeSet::new));
        assertEquals(
                List.of(
                        "dangling-service",
                        "deprecated-service-account-field",
                        "docker-sock",
                        "drop-net-raw-capability",
                        "duplicate-env-var",
                        "env-var-secret",
                        "host-ipc",
                        "host-network",
                        "host-pid",
                        "invalid-target-ports",
                        "job-ttl-seconds-after-finished",
                        "latest-tag",
                        "liveness-port",
                        "mismatching-selector",
                        "no-anti-affinity",
                        "no-extensions-v1beta",
                        "no-read-only-root-fs",
                        "non-existent-service-account",
                        "pdb-max-unavailable",
                        "pdb-min-available",
                        "pdb-unhealthy-pod-eviction-policy",
                        "privilege-escalation-container",
                        "privileged-container",
                        "readiness-port",
                        "run-as-non-root",
                        "sensitive-host-mounts",
                        "ssh-port",
                        "startup-port",
                        "unsafe-sysctls",
                        "unset-cpu-requirements",
                        "unset-memory-requirements"),
                List.copyOf(rules));
    }
}
