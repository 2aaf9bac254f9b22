package org.simreg.coordinator.search;

import com.hazelcast.core.HazelcastException;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.map.IMap;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.simreg.coordinator.store.ClusterConfig;
import org.simreg.proto.BankRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The records of banks in the map {@value ClusterConfig#BANKS}, as bytes by name, for those who
 * want to see them. Written by the coordinator alone; nothing rests on it: what fails is logged.
 */
public final class HazelcastBanks implements Library.Publishing {
    private static final Logger LOG = LoggerFactory.getLogger(HazelcastBanks.class);

    private final IMap<String, byte[]> map;

    /**
     * @param cluster whose configuration is {@link ClusterConfig}'s
     */
    public HazelcastBanks(HazelcastInstance cluster) {
        map = cluster.getMap(ClusterConfig.BANKS);
    }

    /** Publishes a record, or that there is none any more; returns at once. */
    @Override
    public void bank(String name, Optional<BankRecord> record) {
        logged(
                name,
                () ->
                        record.isPresent()
                                ? map.setAsync(name, record.get().toByteArray())
                                : map.removeAsync(name));
    }

    private static void logged(String name, Supplier<CompletionStage<?>> act) {
        try {
            act.get()
                    .whenComplete(
                            (done, failure) -> {
                                if (failure != null) {
                                    failed(name, failure);
                                }
                            });
        } catch (HazelcastException | IllegalStateException e) {
            failed(name, e);
        }
    }

    private static void failed(String name, Throwable failure) {
        LOG.warn("The state of the bank {} isn't published in Hazelcast", name, failure);
    }
}
