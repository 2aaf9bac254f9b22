package org.simreg.worker.features.serve;

import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.atomic.AtomicInteger;
import org.simreg.proto.ShardFile;
import org.simreg.proto.UserError;
import org.simreg.worker.base.concurrent.NamedThreads;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.features.bankfile.BankOrigin;
import org.simreg.worker.features.search.SearchThreads;
import org.simreg.worker.features.search.Shard;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The shards that this worker has open, each opened once, on a thread of its own so that searches
 * in others go on. Shards are closed on the thread that searches them.
 */
final class OpenShards implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(OpenShards.class);

    private final ShardTransfer transfer;
    private final SearchServer.Settings settings;
    private final ExecutorService opener = NamedThreads.one("simreg-shards");
    private final ExecutorService searcher;
    private final Map<Key, CompletableFuture<OpenShard>> shards = new LinkedHashMap<>();

    private final AtomicInteger jobs = new AtomicInteger();

    // Belong to the opener's thread.
    private Torch torch;
    private Torch device;
    private SearchThreads threads;

    /** The name of a shard among all banks. */
    private record Key(String version, int shard) {
        static Key of(ShardFile file) {
            return new Key(file.getVersion(), file.getShard());
        }
    }

    /**
     * @param searcher the thread that searches
     */
    OpenShards(ShardTransfer transfer, SearchServer.Settings settings, ExecutorService searcher) {
        this.transfer = transfer;
        this.settings = settings;
        this.searcher = searcher;
    }

    /** An open shard. It is searched and closed on the searcher's thread. */
    static final class OpenShard {
        private final Shard shard;
        private boolean closed;

        OpenShard(Shard shard) {
            this.shard = shard;
        }

        /**
         * @throws CancellationException if it was closed meanwhile
         */
        Shard shard() {
            if (closed) {
                throw new CancellationException("this worker has closed the shard");
            }
            return shard;
        }

        long bytes() {
            return Shard.bytes(shard.size(), shard.dimension());
        }

        void close() {
            closed = true;
            shard.close();
        }
    }

    /** The shard, opened if it isn't yet; one that could not be opened is tried again. */
    synchronized CompletableFuture<OpenShard> get(ShardFile file) {
        CompletableFuture<OpenShard> known = shards.get(Key.of(file));
        if (known != null && !known.isCompletedExceptionally()) {
            return known;
        }
        CompletableFuture<OpenShard> opening = CompletableFuture.supplyAsync(() -> open(file), opener);
        shards.put(Key.of(file), opening);
        return opening;
    }

    private OpenShard open(ShardFile file) {
        long begun = System.nanoTime();
        if (threads == null) {
            int count = settings.worker().threads();
            torch = new Torch("cpu", count);
            device = new Torch(settings.worker().device(), count);
            threads = new SearchThreads(torch, count, Optional.of(device), () -> jobs.get() == 0);
        }
        Shard shard = Shard.open(transfer.here(file), threads, settings.memory() - held());
        BankOrigin.ShardMark mark = new BankOrigin.ShardMark(file.getBank(), file.getVersion(), file.getShard());
        if (!mark.marks(shard.origin())) {
            shard.close();
            throw new UserError("The file %s is no shard %d of the bank %s, version %s; delete it"
                    .formatted(file.getPath(), file.getShard(), file.getBank(), file.getVersion()));
        }
        LOG.info(
                "Shard {} of {} is open: {} rows, {} ms",
                file.getShard(),
                file.getBank(),
                shard.size(),
                (System.nanoTime() - begun) / 1_000_000);
        return new OpenShard(shard);
    }

    /** Keeps searches off the GPU, whose memory they have given back on return, until the result is run, once. */
    Runnable leaveDevice() {
        jobs.incrementAndGet();
        opened().forEach(shard -> shard.shard.leaveDevice());
        return jobs::decrementAndGet;
    }

    private synchronized List<OpenShard> opened() {
        return shards.values().stream()
                .filter(shard -> shard.isDone() && !shard.isCompletedExceptionally())
                .map(CompletableFuture::join)
                .toList();
    }

    private long held() {
        return opened().stream().mapToLong(OpenShard::bytes).sum();
    }

    /** Closes all but these, and deletes copies of files that have not been used for long. */
    synchronized void retain(Collection<ShardFile> wanted) {
        Set<Key> keys = new HashSet<>();
        wanted.forEach(file -> keys.add(Key.of(file)));
        opener.execute(() -> transfer.prune(wanted));
        shards.entrySet().removeIf(entry -> {
            boolean gone = !keys.contains(entry.getKey());
            if (gone) {
                entry.getValue().thenAcceptAsync(OpenShard::close, searcher);
            }
            return gone;
        });
    }

    /** To be called once the searcher's thread has ended. */
    @Override
    public void close() {
        NamedThreads.end(opener);
        synchronized (this) {
            opened().forEach(OpenShard::close);
            shards.clear();
        }
        if (threads != null) {
            threads.close();
            device.close();
            torch.close();
        }
    }
}
