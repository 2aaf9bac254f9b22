package org.simreg.worker.data;

import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Function;
import org.simreg.proto.Dataset;
import org.simreg.proto.DatasetPart;
import org.simreg.proto.DatasetSummary;
import org.simreg.proto.DescribeRequest;
import org.simreg.proto.Split;

/**
 * Data sets and weight files that only the coordinator sees, read over its service {@code Samples}
 * and kept on the local disk. Outlasts the coordinator's absence: who reads waits.
 */
public final class RemoteStorage implements AutoCloseable {
    private static final int THREADS = 4;
    private static final int IDLE_SECONDS = 30;
    private static final int DESCRIBE_SECONDS = 900;
    private static final int COMPARE_SECONDS = 60;

    private final Calls calls;
    private final RemoteSettings settings;
    private final SampleCache cache;
    private final RemoteWeights weights;
    private final ThreadPoolExecutor threads;

    /**
     * @param channel to the coordinator; stays the caller's. Keep-alive on it finds a coordinator
     *     that is frozen; without, calls end after two minutes
     */
    public RemoteStorage(ManagedChannel channel, RemoteSettings settings) {
        calls = new Calls(channel);
        this.settings = settings;
        cache = new SampleCache(settings.cache().resolve("samples"), settings.cacheBytes());
        weights = new RemoteWeights(calls, settings.cache().resolve("weights"));
        threads = threads();
    }

    /** No more than some calls at once; none is kept while nothing is read. */
    private static ThreadPoolExecutor threads() {
        AtomicInteger number = new AtomicInteger();
        ThreadPoolExecutor threads =
                new ThreadPoolExecutor(
                        THREADS,
                        THREADS,
                        IDLE_SECONDS,
                        TimeUnit.SECONDS,
                        new LinkedBlockingQueue<>(),
                        task -> {
                            Thread thread = new Thread(task, "samples-" + number.incrementAndGet());
                            thread.setDaemon(true);
                            return thread;
                        });
        threads.allowCoreThreadTimeOut(true);
        return threads;
    }

    /**
     * Opens a data set as the coordinator sees it: the same ids, labels and digest as there.
     *
     * @param dataset as the job has it
     * @param notices takes a sentence when the coordinator is away, and about the cache; any thread
     * @throws org.simreg.proto.UserError if the coordinator has no such data set for this worker,
     *     or is away for too long
     */
    public Splits open(Dataset dataset, Consumer<String> notices) {
        Line line = line(notices);
        Path root = Path.of(dataset.getPath());
        Function<Split, Function<ImageFolder, SampleSource>> sources =
                split -> images -> source(new Origin(dataset, split), images, line, notices);
        return line.call(
                "the data set " + dataset.getPath(),
                () -> true,
                () ->
                        calls.<DatasetPart, Splits>call(
                                DESCRIBE_SECONDS,
                                stub -> stub.describe(request(dataset).build()),
                                parts -> Inventory.splits(parts, root, sources)));
    }

    private record Origin(Dataset dataset, Split split) {}

    private SampleSource source(
            Origin origin, ImageFolder images, Line line, Consumer<String> notices) {
        SampleReader reader =
                new SampleReader(calls, line, origin.dataset(), origin.split(), images.sha256());
        return new RemoteSamples(images, reader, cache, threads, notices);
    }

    /**
     * Whether what a worker sees itself is what the coordinator has. Asked once, without waiting
     * for a coordinator that is away.
     *
     * @return also true if the coordinator doesn't say
     */
    public boolean agrees(Dataset dataset, Splits local) {
        try {
            DescribeRequest request = request(dataset).setSummaryOnly(true).build();
            DatasetSummary theirs =
                    calls.<DatasetPart, DatasetSummary>call(
                            COMPARE_SECONDS, stub -> stub.describe(request), RemoteStorage::only);
            return theirs.equals(Inventory.summary(local).getSummary());
        } catch (StatusRuntimeException | Damaged e) {
            // The digest of the data is compared again when the worker says that it is ready.
            return true;
        }
    }

    private static DatasetSummary only(Iterator<DatasetPart> parts) throws Damaged {
        DatasetSummary summary = Inventory.first(parts);
        if (parts.hasNext()) {
            throw new Damaged("more than the summary comes");
        }
        return summary;
    }

    private static DescribeRequest.Builder request(Dataset dataset) {
        return DescribeRequest.newBuilder().setDataset(dataset);
    }

    /**
     * A local copy of a weight file, read from the coordinator unless there is one already.
     *
     * @param path as the job has it
     * @return to be read only; its name is the file's own
     * @throws org.simreg.proto.UserError if the coordinator doesn't give the file, or is away for
     *     too long, or it can't be stored
     */
    public Path weights(String path, Consumer<String> notices) {
        return weights.get(path, line(notices));
    }

    private Line line(Consumer<String> notices) {
        return new Line(calls.channel(), settings.patience(), notices);
    }

    /** Ends reading ahead. The channel stays open. */
    @Override
    public void close() {
        threads.shutdownNow();
    }
}
