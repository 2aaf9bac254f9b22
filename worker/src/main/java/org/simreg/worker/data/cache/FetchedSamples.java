package org.simreg.worker.data.cache;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import java.util.function.IntToLongFunction;
import org.simreg.proto.ReadRequest.Wanted;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.Sha256;
import org.simreg.worker.data.dataset.ImageList;
import org.simreg.worker.data.dataset.SampleSource;
import org.simreg.worker.data.image.FileBuffer;
import org.simreg.worker.data.image.ImageDecoder;

/**
 * The sample source of storage that is far away: the coordinator's, or a bucket. What was read lies in the cache; an
 * entry of an earlier run is used once it is sure that the file is still the same, so that every worker trains on the
 * same bytes. Samples are fetched ahead of need, in the order of the requests.
 */
public final class FetchedSamples implements SampleSource {
    private static final int LOOKAHEAD = 8;

    private final ImageList images;
    private final Origin from;
    private final SampleCache cache;
    private final Consumer<String> notices;

    /** Samples whose copies are of this run, or were confirmed in it; guarded by itself. */
    private final BitSet current = new BitSet();

    private final Map<Integer, String> unreadable = new ConcurrentHashMap<>();
    private final Map<Integer, Prefetch> coming = new ConcurrentHashMap<>();
    private final AtomicBoolean uncached = new AtomicBoolean();

    /**
     * @param images what the ids count in
     * @param from where they come from
     * @param cache where they are kept
     * @param notices told once if the cache can't be written
     */
    public FetchedSamples(ImageList images, Origin from, SampleCache cache, Consumer<String> notices) {
        this.images = images;
        this.from = from;
        this.cache = cache;
        this.notices = notices;
    }

    /**
     * Where samples come from.
     *
     * @param name of the storage, for people
     * @param fetch the way there
     * @param place where a sample lies, for people
     * @param bytes of a sample; -1 where that isn't known
     * @param threads for reading ahead
     */
    public record Origin(
            String name,
            SampleFetch fetch,
            IntFunction<Optional<String>> place,
            IntToLongFunction bytes,
            Executor threads) {}

    @Override
    public Optional<String> location(int id) {
        return from.place().apply(id);
    }

    @Override
    public long bytes(int id) {
        return from.bytes().applyAsLong(id);
    }

    @Override
    public int lookahead() {
        return LOOKAHEAD;
    }

    @Override
    public void ahead(int[] ids, BooleanSupplier wanted) {
        Prefetch prefetch = new Prefetch(ids, wanted);
        for (int id : ids) {
            coming.compute(id, (key, old) -> old == null || old.isOver() ? prefetch : old);
        }
        from.threads().execute(() -> {
            prefetch.run(() -> fetchMissing(prefetch));
            for (int id : ids) {
                coming.remove(id, prefetch);
            }
        });
    }

    private void fetchMissing(Prefetch prefetch) {
        List<Wanted> missing = new ArrayList<>();
        for (int id : prefetch.ids()) {
            boolean mine = coming.get(id) == prefetch && !unreadable.containsKey(id);
            if (mine && prefetch.wanted().getAsBoolean()) {
                Wanted wanted = wanted(id);
                if (!isCurrent(id) || !wanted.hasHeld()) {
                    missing.add(wanted);
                }
            }
        }
        if (!missing.isEmpty()) {
            from.fetch().read(missing, prefetch.wanted(), this::keep);
        }
    }

    private Wanted wanted(int id) {
        Wanted.Builder wanted = Wanted.newBuilder().setId(id);
        cache.version(key(id)).ifPresent(wanted::setHeld);
        return wanted.build();
    }

    /** Of the path: equal names in other data sets are other files. */
    private String key(int id) {
        return new Sha256().text(images.key(id)).hex();
    }

    private void keep(SampleFetch.Answer answer) {
        if (answer instanceof SampleFetch.Answer.Unreadable broken) {
            unreadable.put(broken.id(), broken.reason());
            return;
        }
        if (answer instanceof SampleFetch.Answer.File file) {
            try {
                cache.put(key(file.id()), file);
            } catch (IOException e) {
                if (uncached.compareAndSet(false, true)) {
                    notices.accept("the cache of samples can't be written (%s), so they are read from %s every time"
                            .formatted(e, from.name()));
                }
            }
        }
        synchronized (current) {
            current.set(answer.id());
        }
    }

    @Override
    public void read(int id, FileBuffer into, BooleanSupplier wanted) throws IOException {
        if (isCached(id, into)) {
            return;
        }
        Prefetch prefetch = coming.get(id);
        if (prefetch != null) {
            prefetch.await(wanted);
            if (isCached(id, into)) {
                return;
            }
        }
        String reason = unreadable.get(id);
        if (reason == null) {
            SampleFetch.Answer answer = fetch(wanted(id), wanted);
            if (answer instanceof SampleFetch.Answer.Unchanged && !isCached(id, into)) {
                // The copy was damaged, and is gone now.
                answer = fetch(Wanted.newBuilder().setId(id).build(), wanted);
            }
            if (answer instanceof SampleFetch.Answer.File file) {
                copy(file, into);
            } else if (answer instanceof SampleFetch.Answer.Unreadable broken) {
                reason = broken.reason();
            }
        }
        if (reason != null) {
            throw new ImageDecoder.UnreadableImage(reason);
        }
    }

    private boolean isCached(int id, FileBuffer into) {
        return isCurrent(id) && cache.read(key(id), into);
    }

    private boolean isCurrent(int id) {
        synchronized (current) {
            return current.get(id);
        }
    }

    private SampleFetch.Answer fetch(Wanted sample, BooleanSupplier wanted) {
        List<SampleFetch.Answer> answers = new ArrayList<>();
        from.fetch().read(List.of(sample), wanted, answer -> {
            keep(answer);
            answers.add(answer);
        });
        return answers.get(0);
    }

    private static void copy(SampleFetch.Answer.File file, FileBuffer into) throws IOException {
        ByteBuffer room = into.room(file.version().getLength());
        file.data().copyTo(room);
        room.flip();
    }

    /**
     * The reading of a request's samples before they are decoded.
     *
     * @param ids the samples
     * @param wanted whether the request is still to be made into a batch
     * @param done completes when they are in the cache, or are known to be unreadable, or can't be
     *     had
     */
    private record Prefetch(int[] ids, BooleanSupplier wanted, CompletableFuture<Void> done) {
        private static final long LOOK_UP_MS = 50;

        Prefetch(int[] ids, BooleanSupplier wanted) {
            this(ids, wanted, new CompletableFuture<>());
        }

        /** Whether samples will not come by this any more. */
        boolean isOver() {
            return done.isDone() || !wanted.getAsBoolean();
        }

        /** Does the work, on this thread. */
        void run(Runnable work) {
            try {
                work.run();
                done.complete(null);
            } catch (Throwable e) {
                // Also an error: the decode thread that waits must hear of it.
                done.completeExceptionally(e);
            }
        }

        /**
         * Waits until it is done; if it was given up because nobody wanted it, only until then.
         *
         * @param still whether the caller waits
         * @throws UserError if the samples can't be had
         * @throws CancellationException if the caller doesn't wait any more
         */
        void await(BooleanSupplier still) {
            boolean ended = false;
            while (!ended) {
                try {
                    done.get(LOOK_UP_MS, TimeUnit.MILLISECONDS);
                    ended = true;
                } catch (TimeoutException e) {
                    if (!still.getAsBoolean()) {
                        throw new CancellationException("the batch isn't wanted any more");
                    }
                    ended = isOver();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    throw new CancellationException("interrupted while waiting for samples");
                } catch (CancellationException e) {
                    // That others gave up is no reason to.
                    ended = true;
                } catch (ExecutionException e) {
                    rethrow(e.getCause());
                }
            }
        }

        private static void rethrow(Throwable cause) {
            if (cause instanceof UserError error) {
                throw error;
            } else if (cause instanceof Error error) {
                throw error;
            }
            throw new IllegalStateException("samples could not be read ahead", cause);
        }
    }
}
