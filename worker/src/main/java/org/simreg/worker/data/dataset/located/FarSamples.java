package org.simreg.worker.data.dataset.located;

import com.google.protobuf.UnsafeByteOperations;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.zip.CRC32C;
import org.simreg.proto.ReadRequest.Wanted;
import org.simreg.proto.UserError;
import org.simreg.worker.base.concurrent.SourceThreads;
import org.simreg.worker.data.cache.FetchedSamples;
import org.simreg.worker.data.cache.SampleCache;
import org.simreg.worker.data.cache.SampleFetch;
import org.simreg.worker.data.dataset.SampleBytes;
import org.simreg.worker.data.dataset.SampleSource;

/**
 * The way to samples in buckets: many requests at once, as each takes long.
 *
 * @param samples read by ranges
 * @param readers make requests, which mostly wait
 */
record FarSamples(LocatedSamples samples, Executor readers) implements SampleFetch {
    /** Requests of a loader that are read ahead at once. */
    private static final int AHEAD = 8;

    private static final int REQUESTS = 64;

    private static final SourceThreads READERS = new SourceThreads("objects", REQUESTS);

    private static final SourceThreads ORDER = new SourceThreads("ahead", AHEAD);

    /** Samples through the cache if they are far away and there is one. */
    static SampleSource source(LocatedSamples samples, Optional<SampleCache> cache, Consumer<String> notices) {
        if (cache.isEmpty() || !samples.isFar()) {
            return samples;
        }
        Object source = new Object();
        FarSamples far = new FarSamples(samples, READERS.of(source));
        FetchedSamples.Origin from =
                new FetchedSamples.Origin("the bucket", far, samples::location, samples::bytes, ORDER.of(source));
        return new FetchedSamples(samples.images(), from, cache.get(), notices);
    }

    @Override
    public void read(List<Wanted> some, BooleanSupplier wanted, Consumer<Answer> taker) {
        List<CompletableFuture<Void>> reading = some.stream()
                .map(one -> CompletableFuture.supplyAsync(() -> answer(one, wanted), readers)
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
