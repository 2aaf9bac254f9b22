package org.simreg.coordinator.view.observe;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/**
 * The health of a process: its components and whether each does its work. Any thread may ask; the
 * checks only look at what is known already.
 */
public final class Health {
    private final Map<String, Supplier<Optional<String>>> ready = Collections.synchronizedMap(new LinkedHashMap<>());
    private final Map<String, Supplier<Optional<String>>> live = new ConcurrentHashMap<>();
    private volatile boolean started;

    /**
     * The state of one component.
     *
     * @param name lower case, a word
     * @param up whether it does its work
     * @param reason why not, one sentence; empty if it does
     */
    public record Component(String name, boolean up, String reason) {}

    /**
     * Adds a component that has to work before the process is used.
     *
     * @param trouble why it doesn't, one sentence; empty if it does; must not wait
     */
    public Health ready(String name, Supplier<Optional<String>> trouble) {
        ready.put(name, trouble);
        return this;
    }

    /**
     * Adds a component without which the process must be started anew.
     *
     * @param trouble as in {@link #ready}
     */
    public Health live(String name, Supplier<Optional<String>> trouble) {
        live.put(name, trouble);
        return this;
    }

    /** Tells that the process has opened everything. */
    public void started() {
        started = true;
    }

    /** One component: whether the process has opened everything. */
    public List<Component> start() {
        return List.of(component("process", started ? Optional.empty() : Optional.of("still starting")));
    }

    /** The components that the process must not go on without. */
    public List<Component> alive() {
        return components(live);
    }

    /** The components that must work before the process is used. */
    public List<Component> readiness() {
        return components(ready);
    }

    /** Whether all of them are up. */
    public static boolean up(List<Component> components) {
        return components.stream().allMatch(Component::up);
    }

    private static List<Component> components(Map<String, Supplier<Optional<String>>> checks) {
        synchronized (checks) {
            return checks.entrySet().stream()
                    .map(check -> component(check.getKey(), check.getValue().get()))
                    .toList();
        }
    }

    private static Component component(String name, Optional<String> trouble) {
        return new Component(name, trouble.isEmpty(), trouble.orElse(""));
    }
}
