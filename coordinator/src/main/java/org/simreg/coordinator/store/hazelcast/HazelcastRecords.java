package org.simreg.coordinator.store.hazelcast;

import com.google.protobuf.MessageLite;
import com.hazelcast.core.HazelcastException;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.map.IMap;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.simreg.proto.BankRecord;
import org.simreg.proto.WorkerStatus;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The records of one kind in a Hazelcast map, as bytes by name, for other processes to see. Written
 * by the coordinator alone; nothing depends on them: failures are logged.
 *
 * @param <T> the message
 */
public final class HazelcastRecords<T extends MessageLite> {
    static final String WORKERS = "simreg.workers";
    static final String BANKS = "simreg.banks";

    private static final Logger LOG = LoggerFactory.getLogger(HazelcastRecords.class);

    private final IMap<String, byte[]> map;
    private final Map<String, T> known = new HashMap<>();

    private HazelcastRecords(HazelcastInstance cluster, String name) {
        map = cluster.getMap(name);
    }

    /**
     * The workers that attend, in the map {@value #WORKERS}.
     *
     * @param cluster whose configuration is {@link ClusterConfig}'s
     */
    public static HazelcastRecords<WorkerStatus> workers(HazelcastInstance cluster) {
        return new HazelcastRecords<>(cluster, WORKERS);
    }

    /**
     * The banks of features, in the map {@value #BANKS}.
     *
     * @param cluster whose configuration is {@link ClusterConfig}'s
     */
    public static HazelcastRecords<BankRecord> banks(HazelcastInstance cluster) {
        return new HazelcastRecords<>(cluster, BANKS);
    }

    /** Publishes a record, or removes it where it is empty; returns at once. */
    public void publish(String name, Optional<T> record) {
        act(name, () -> record.isPresent() ? map.setAsync(name, record.get().toByteArray()) : map.removeAsync(name));
    }

    /**
     * Publishes what differs from the last call: records that are new, changed or gone. Returns at
     * once; called on one thread.
     */
    public void publishAll(Map<String, T> records) {
        records.forEach((name, record) -> {
            if (!record.equals(known.get(name))) {
                publish(name, Optional.of(record));
            }
        });
        known.keySet().stream()
                .filter(name -> !records.containsKey(name))
                .forEach(name -> publish(name, Optional.empty()));
        known.clear();
        known.putAll(records);
    }

    private void act(String name, Supplier<CompletionStage<?>> change) {
        try {
            change.get().whenComplete((done, failure) -> {
                if (failure != null) {
                    failed(name, failure);
                }
            });
        } catch (HazelcastException | IllegalStateException e) {
            failed(name, e);
        }
    }

    private void failed(String name, Throwable failure) {
        LOG.warn("{} is not published in Hazelcast's map {}", name, map.getName(), failure);
    }
}
