package org.simreg.worker.serve;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import org.simreg.proto.EmbedOrder;
import org.simreg.proto.Embedded;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The parts of banks that this worker embeds, one after the other on a thread of its own. */
final class Embeddings implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Embeddings.class);

    private final ExecutorService thread = ServeThreads.one("simreg-embed");
    private final ServeSettings settings;
    private final ShardRoad road;
    private final Frozen frozen;
    private final Map<EmbedOrder, Embedment> asked = new HashMap<>();

    Embeddings(ServeSettings settings, ShardRoad road) {
        this.settings = settings;
        this.road = road;
        frozen = new Frozen(settings.worker(), LOG::warn);
    }

    /**
     * Begins, or says how far it is.
     *
     * @throws RuntimeException the failure of that part, once; asked again it begins anew
     */
    synchronized Embedded ask(EmbedOrder order) {
        Embedment part = asked.get(order);
        if (part == null) {
            Embedment begun = new Embedment(order, settings, road, frozen, System::nanoTime);
            asked.put(order, begun);
            thread.execute(begun);
            return begun.state();
        }
        part.wanted();
        try {
            return part.state();
        } catch (RuntimeException failed) {
            asked.remove(order);
            throw failed;
        }
    }

    /** Gives all up but these. */
    synchronized void retain(Collection<EmbedOrder> wanted) {
        asked.entrySet()
                .removeIf(
                        entry -> {
                            boolean gone = !wanted.contains(entry.getKey());
                            if (gone) {
                                entry.getValue().giveUp();
                            }
                            return gone;
                        });
    }

    @Override
    public void close() {
        synchronized (this) {
            asked.values().forEach(Embedment::giveUp);
        }
        ServeThreads.end(thread);
        frozen.close();
    }
}
