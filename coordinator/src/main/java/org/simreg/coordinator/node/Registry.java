package org.simreg.coordinator.node;

import io.vertx.core.Vertx;
import java.util.HashMap;
import java.util.Map;
import org.simreg.coordinator.store.HazelcastWorkers;
import org.simreg.proto.WorkerStatus;

/** Publishes who attends, once a second and where something has changed. */
final class Registry {
    private static final long PERIOD_MS = 1000;

    private final HazelcastWorkers published;
    private final Map<String, WorkerStatus> known = new HashMap<>();

    private Registry(HazelcastWorkers published) {
        this.published = published;
    }

    static void keep(Vertx vertx, Coordination coordination, HazelcastWorkers published) {
        Registry registry = new Registry(published);
        vertx.setPeriodic(
                PERIOD_MS,
                ignored ->
                        coordination
                                .workers()
                                .onSuccess(all -> registry.publish(all.getWorkersList())));
    }

    private synchronized void publish(Iterable<WorkerStatus> workers) {
        Map<String, WorkerStatus> now = new HashMap<>();
        // How long ago it was heard changes all the time.
        workers.forEach(one -> now.put(one.getWorker(), one.toBuilder().clearSilentMs().build()));
        now.values().stream()
                .filter(one -> !one.equals(known.get(one.getWorker())))
                .forEach(published::publish);
        known.keySet().stream().filter(name -> !now.containsKey(name)).forEach(published::remove);
        known.clear();
        known.putAll(now);
    }
}
