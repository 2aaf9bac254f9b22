package org.simreg.worker.data.dataset.located;

import com.google.protobuf.UnsafeByteOperations;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.zip.CRC32C;
import org.simreg.proto.ReadRequest.Wanted;
import org.simreg.proto.UserError;
import org.simreg.worker.base.concurrent.NamedThreads;
import org.simreg.worker.data.cache.FetchedSamples;
import org.simreg.worker.data.cache.SampleCache;
import org.simreg.worker.data.cache.SampleFetch;
import org.simreg.worker.data.dataset.SampleBytes;
import org.simreg.worker.data.dataset.SampleSource;

/**
 * The way to samples in buckets: many requests at once, as each takes long.
 *
 * @param samples read by ranges
 */
record FarSamples(LocatedSamples samples) implements SampleFetch {
    private static final Duration IDLE = Duration.ofSeconds(30);

    /** Requests of a loader that are read ahead at once. */
    private static final int AHEAD = 8;

    /** Requests at once, which mostly wait; shared, as the line is. */
    private static final int REQUESTS = 64;

    private static final ExecutorService READERS = NamedThreads.pool(NamedThreads.numbered("objects"), REQUESTS, IDLE);

    private static final ExecutorService ORDER = NamedThreads.pool(NamedThreads.numbered("ahead"), AHEAD, IDLE);

    /** Samples through the cache if they are far away and there is one. */
    static SampleSource source(LocatedSamples samples, Optional<SampleCache> cache, Consumer<String> notices) {
        if (cache.isEmpty() || !samples.isFar()) {
            return samples;
        }
        FetchedSamples.Origin from = new FetchedSamples.Origin(
                "the bucket", new FarSamples(samples), samples::location, samples::bytes, ORDER);
        return new FetchedSamples(samples.images(), from, cache.get(), notices);
    }

    @Override
    public void read(List<Wanted> some, BooleanSupplier wanted, Consumer<Answer> taker) {
        List<CompletableFuture<Void>> reading = some.stream()
                .map(one -> CompletableFuture.supplyAsync(() -> answer(one, wanted), READERS)
                        .thenAccept(taker))
                .toList();
        try {
            CompletableFuture.allOf(reading.toArray(CompletableFuture[]::new)).join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw e;
        }
    }

    private Answer answer(Wanted sample, BooleanSupplier wanted) {
        int id = sample.getId();
        if (sample.hasHeld() && samples.listed(id).equals(Optional.of(sample.getHeld()))) {
            return new Answer.Unchanged(id);
        }
        try (SampleBytes bytes = samples.open(id, wanted)) {
            long length = bytes.version().getLength();
            if (length > Integer.MAX_VALUE / 2) {
                return new Answer.Unreadable(id, "the file has " + length + " bytes");
            }
            ByteBuffer whole = ByteBuffer.allocate((int) length);
            bytes.read(whole);
            CRC32C sum = new CRC32C();
            sum.update(whole.flip().duplicate());
            return new Answer.File(id, bytes.version(), UnsafeByteOperations.unsafeWrap(whole), (int) sum.getValue());
        } catch (IOException e) {
            throw new UserError(
                    "%s can't be read: %s".formatted(samples.images().location(id), e.getMessage()), e);
        }
    }
}
