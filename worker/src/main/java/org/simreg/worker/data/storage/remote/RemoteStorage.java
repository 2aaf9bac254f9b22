package org.simreg.worker.data.storage.remote;

import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Iterator;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import org.simreg.proto.DataSource;
import org.simreg.proto.Dataset;
import org.simreg.proto.DatasetPart;
import org.simreg.proto.DatasetSummary;
import org.simreg.proto.DescribeRequest;
import org.simreg.proto.Split;
import org.simreg.worker.base.concurrent.SourceThreads;
import org.simreg.worker.data.cache.CacheSpace;
import org.simreg.worker.data.cache.FetchedSamples;
import org.simreg.worker.data.cache.SampleCache;
import org.simreg.worker.data.dataset.ImageDataset;
import org.simreg.worker.data.dataset.ImageList;
import org.simreg.worker.data.dataset.SampleSource;
import org.simreg.worker.data.storage.CoordinatorFiles;

/**
 * The data sets and weight files that only the coordinator sees, read over its service {@code
 * Samples} and kept on the local disk. Outlasts the coordinator's absence: who reads waits.
 */
public final class RemoteStorage implements CoordinatorFiles, AutoCloseable {
    private static final int THREADS = 4;
    private static final int DESCRIBE_SECONDS = 900;
    private static final int COMPARE_SECONDS = 60;

    private final ManagedChannel channel;
    private final Settings settings;
    private final SampleCache cache;
    private final RemoteWeights weights;
    private final SourceThreads threads = new SourceThreads("samples", THREADS);

    /**
     * @param channel to the coordinator; stays the caller's. Keep-alive on it finds a coordinator
     *     that is frozen; without, calls end after two minutes
     */
    public RemoteStorage(ManagedChannel channel, Settings settings) {
        this.channel = channel;
        this.settings = settings;
        cache = new SampleCache(settings.cache());
        weights = new RemoteWeights(settings.cache(), cache);
    }

    @Override
    public ImageDataset open(Dataset dataset, Consumer<String> notices) {
        RetriedCalls calls = calls(notices);
        String root = DataSource.shown(dataset);
        Function<Split, Function<ImageList, SampleSource>> sources =
                split -> images -> source(new Origin(dataset, split), images, calls, notices);
        return calls.call(
                describe("the data set " + DataSource.shown(dataset), DESCRIBE_SECONDS, request(dataset)),
                () -> true,
                parts -> DatasetMessages.splits(parts, root, sources));
    }

    /** A part of a data set, as the job names it. */
    private record Origin(Dataset dataset, Split split) {}

    private SampleSource source(Origin origin, ImageList images, RetriedCalls calls, Consumer<String> notices) {
        SampleReader reader = new SampleReader(calls, origin.dataset(), origin.split(), images.sha256());
        FetchedSamples.Origin from = new FetchedSamples.Origin(
                "the coordinator", reader, id -> Optional.empty(), id -> -1, threads.of(origin));
        return new FetchedSamples(images, from, cache, notices);
    }

    @Override
    public boolean agrees(Dataset dataset, ImageDataset local) {
        try {
            DatasetSummary theirs = describe(
                            "a summary", COMPARE_SECONDS, request(dataset).setSummaryOnly(true))
                    .once(channel, RemoteStorage::only);
            return theirs.getPartsList()
                    .equals(DatasetMessages.summary(local).getSummary().getPartsList());
        } catch (StatusRuntimeException | IOException e) {
            // The digest of the data is compared again when the worker says that it is ready.
            return true;
        }
    }

    private static RetriedCalls.Call<DatasetPart> describe(String what, int seconds, DescribeRequest.Builder request) {
        return new RetriedCalls.Call<>(what, seconds, stub -> stub.describe(request.build()));
    }

    private static DatasetSummary only(Iterator<DatasetPart> parts) throws RetriedCalls.Damaged {
        DatasetSummary summary = DatasetMessages.first(parts);
        if (parts.hasNext()) {
            throw new RetriedCalls.Damaged("more than the summary comes");
        }
        return summary;
    }

    private static DescribeRequest.Builder request(Dataset dataset) {
        return DescribeRequest.newBuilder().setDataset(dataset);
    }

    @Override
    public Path weights(String path, Consumer<String> notices) {
        return weights.get(path, calls(notices));
    }

    private RetriedCalls calls(Consumer<String> notices) {
        return new RetriedCalls(channel, settings.patience(), notices);
    }

    /** Ends reading ahead. The channel stays open. */
    @Override
    public void close() {
        threads.close();
    }

    /**
     * Settings of a worker's reading from storage that only the coordinator sees.
     *
     * @param cache for copies of files; its folder may be shared by several processes
     * @param patience how long the coordinator may be away before the job fails
     */
    public record Settings(CacheSpace cache, Duration patience) {
        /** With a patience of ten minutes. */
        public Settings(CacheSpace cache) {
            this(cache, Duration.ofMinutes(10));
        }

        public Settings {
            if (patience.isNegative()) {
                throw new IllegalArgumentException("patience: " + patience);
            }
        }
    }
}
