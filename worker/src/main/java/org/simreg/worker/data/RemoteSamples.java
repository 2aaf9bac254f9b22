package org.simreg.worker.data;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.simreg.proto.ReadRequest.Wanted;

/**
 * Samples on storage that only the coordinator sees. What was read lies in the cache; an entry of
 * an earlier run is used once the coordinator has said that the file is still the same, so that
 * every worker trains on the same bytes.
 */
final class RemoteSamples implements SampleSource {
    private static final int LOOKAHEAD = 8;

    private final ImageFolder images;
    private final SampleReader reader;
    private final SampleCache cache;
    private final Executor threads;
    private final Consumer<String> notices;

    /** Samples whose copies are of this run, or were confirmed in it; guarded by itself. */
    private final BitSet current = new BitSet();

    private final Map<Integer, String> unreadable = new ConcurrentHashMap<>();
    private final Map<Integer, Prefetch> coming = new ConcurrentHashMap<>();
    private final AtomicBoolean uncached = new AtomicBoolean();

    /**
     * @param images what the ids count in
     * @param threads for reading ahead
     * @param notices told once if the cache can't be written
     */
    RemoteSamples(
            ImageFolder images,
            SampleReader reader,
            SampleCache cache,
            Executor threads,
            Consumer<String> notices) {
        this.images = images;
        this.reader = reader;
        this.cache = cache;
        this.threads = threads;
        this.notices = notices;
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
        threads.execute(
                () -> {
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
            reader.read(missing, prefetch.wanted(), this::keep);
        }
    }

    private Wanted wanted(int id) {
        Wanted.Builder wanted = Wanted.newBuilder().setId(id);
        cache.version(key(id)).ifPresent(wanted::setHeld);
        return wanted.build();
    }

    /** Of the path: equal names in other data sets are other files. */
    private String key(int id) {
        return new Sha256().text(images.file(id).toString()).hex();
    }

    private void keep(Arrival arrival) {
        if (arrival instanceof Arrival.Unreadable broken) {
            unreadable.put(broken.id(), broken.reason());
            return;
        }
        if (arrival instanceof Arrival.File file) {
            try {
                cache.put(key(file.id()), file);
            } catch (IOException e) {
                if (uncached.compareAndSet(false, true)) {
                    notices.accept(
                            "the cache of samples can't be written (%s), so they are read from the coordinator every time"
                                    .formatted(e));
                }
            }
        }
        synchronized (current) {
            current.set(arrival.id());
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
            Arrival arrival = fetch(wanted(id), wanted);
            if (arrival instanceof Arrival.Unchanged && !isCached(id, into)) {
                // The copy was damaged, and is gone now.
                arrival = fetch(Wanted.newBuilder().setId(id).build(), wanted);
            }
            if (arrival instanceof Arrival.File file) {
                copy(file, into);
            } else if (arrival instanceof Arrival.Unreadable broken) {
                reason = broken.reason();
            }
        }
        if (reason != null) {
            throw new UnreadableImage(reason);
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

    private Arrival fetch(Wanted sample, BooleanSupplier wanted) {
        List<Arrival> arrived = new ArrayList<>();
        reader.read(
                List.of(sample),
                wanted,
                arrival -> {
                    keep(arrival);
                    arrived.add(arrival);
                });
        return arrived.get(0);
    }

    private static void copy(Arrival.File file, FileBuffer into) throws IOException {
        ByteBuffer room = into.room(file.version().getLength());
        file.data().copyTo(room);
        room.flip();
    }
}
