package org.simreg.coordinator.search.query;

import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.simreg.proto.SearchOrder;
import org.simreg.proto.SearchReply;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The workers that answer searches, as a port: orders reach them and replies come back. */
@FunctionalInterface
public interface SearchWorkers {
    /** The log for replies that can't be handled. */
    Logger LOG = LoggerFactory.getLogger(SearchWorkers.class);

    /**
     * Asks one worker; returns at once.
     *
     * @param timeoutMs after which the answer fails
     * @return the worker's reply, which may be its failure, completed on the banks' thread; fails
     *     if the worker can't be reached, with {@link java.util.concurrent.TimeoutException} if it
     *     gives no answer
     */
    CompletionStage<SearchReply> send(Worker worker, SearchOrder order, long timeoutMs);

    /**
     * Asks one worker; returns at once.
     *
     * @param answered takes the reply; what it throws is logged
     * @param failed takes the reason if the worker can't be reached; what it throws is logged
     */
    default void send(
            Worker worker,
            SearchOrder order,
            long timeoutMs,
            Consumer<SearchReply> answered,
            Consumer<Throwable> failed) {
        send(worker, order, timeoutMs).whenComplete((reply, failure) -> {
            try {
                if (failure == null) {
                    answered.accept(reply);
                } else {
                    failed.accept(failure);
                }
            } catch (RuntimeException e) {
                LOG.error("What {} answered can't be taken", worker.name(), e);
            }
        });
    }

    /**
     * A worker that attends and answers orders about searches.
     *
     * @param name unique in the cluster
     * @param address on the event bus, another one for every process
     * @param memory bytes that its shards may take
     */
    record Worker(String name, String address, long memory) implements Comparable<Worker> {
        @Override
        public int compareTo(Worker other) {
            int byName = name.compareTo(other.name);
            return byName != 0 ? byName : address.compareTo(other.address);
        }
    }
}
