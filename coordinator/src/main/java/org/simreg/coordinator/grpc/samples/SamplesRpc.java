package org.simreg.coordinator.grpc.samples;

import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.Semaphore;
import org.simreg.coordinator.grpc.FileParts;
import org.simreg.coordinator.grpc.FileParts.OpenFile;
import org.simreg.coordinator.grpc.GrpcStatuses;
import org.simreg.coordinator.grpc.StreamedAnswer;
import org.simreg.coordinator.grpc.StreamedAnswer.Parts;
import org.simreg.proto.DataSource;
import org.simreg.proto.Dataset;
import org.simreg.proto.DatasetPart;
import org.simreg.proto.DescribeRequest;
import org.simreg.proto.ReadRequest;
import org.simreg.proto.Roots;
import org.simreg.proto.SamplePart;
import org.simreg.proto.SamplesGrpc;
import org.simreg.proto.WeightsHeader;
import org.simreg.proto.WeightsPart;
import org.simreg.proto.WeightsRequest;
import org.simreg.worker.base.concurrent.SourceThreads;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.base.io.Sha256;
import org.simreg.worker.data.dataset.ImageDataset;
import org.simreg.worker.data.storage.remote.DatasetMessages;

/**
 * The gRPC service {@code Samples}: data sets and weight files for workers that don't see the
 * storage. Files are read on threads of their data set or weight file, never on the thread that gRPC calls on, and
 * only while the client takes what is sent.
 */
public final class SamplesRpc extends SamplesGrpc.SamplesImplBase implements AutoCloseable {
    private static final int MOST_SAMPLES = 4096;
    private static final int MOST_CALLS = 512;

    private final ReadGrants grants;
    /** The same below the roots: whether files lie there is asked of their storage, on the threads that read. */
    private final ReadGrants within;

    private final OpenDatasets datasets;

    /** Their queues are bounded by the number of calls: each waits in one of them once at most. */
    private final SourceThreads threads;

    private final Semaphore calls = new Semaphore(MOST_CALLS);

    /**
     * @param grants what may be read, where it lies below the roots
     * @param roots below which files must lie
     * @param indexCache folder of the indexes of data sets; made if missing
     * @param threads that read the files of one data set, and as many for one weight file
     */
    public SamplesRpc(ReadGrants grants, Roots roots, Path indexCache, int threads) {
        this.grants = grants;
        within = grants.below(roots);
        datasets = new OpenDatasets(indexCache, roots);
        this.threads = new SourceThreads("simreg-samples", threads);
    }

    /** A data set that is listed, for which those who read it don't wait. */
    private record Listed(Dataset dataset) {}

    @Override
    public void describe(DescribeRequest request, StreamObserver<DatasetPart> client) {
        String path = DataSource.shown(request.getDataset());
        Executor listing = threads.of(new Listed(request.getDataset()));
        answer(client, listing, () -> require(grants.dataset(request.getDataset()), "data set", path), () -> {
            require(within.dataset(request.getDataset()), "data set", path);
            return Parts.of(inventory(request));
        });
    }

    private Iterator<DatasetPart> inventory(DescribeRequest request) {
        ImageDataset splits = datasets.open(request.getDataset());
        return request.getSummaryOnly()
                ? List.of(DatasetMessages.summary(splits)).iterator()
                : DatasetMessages.of(splits);
    }

    @Override
    public void read(ReadRequest request, StreamObserver<SamplePart> client) {
        String path = DataSource.shown(request.getDataset());
        answer(
                client,
                threads.of(request.getDataset()),
                () -> {
                    require(grants.dataset(request.getDataset()), "data set", path);
                    requireFew(request.getSamplesCount());
                },
                () -> {
                    require(within.dataset(request.getDataset()), "data set", path);
                    return new SampleParts(request, datasets.images(request));
                });
    }

    @Override
    public void weights(WeightsRequest request, StreamObserver<WeightsPart> client) {
        String path = request.getPath();
        answer(client, threads.of(path), () -> require(grants.weights(path), "weight file", path), () -> {
            require(within.weights(path), "weight file", path);
            return weights(request);
        });
    }

    /**
     * The file's digest, for which it is read once before, then the file unless the worker has it.
     */
    private static Parts<WeightsPart> weights(WeightsRequest request) throws IOException {
        Path path = Path.of(request.getPath());
        OpenFile file = opened(path);
        try {
            WeightsHeader header = header(path, file.version().getLength());
            WeightsPart first = WeightsPart.newBuilder().setHeader(header).build();
            if (request.getHeldList().contains(header.getSha256())) {
                file.close();
                return Parts.of(List.of(first).iterator());
            }
            return new FileParts<>(
                    first,
                    file,
                    piece -> WeightsPart.newBuilder().setData(piece).build());
        } catch (IOException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    private static OpenFile opened(Path path) {
        try {
            return OpenFile.of(path);
        } catch (IOException e) {
            throw Status.NOT_FOUND
                    .withDescription(
                            "The weight file %s can't be read by the coordinator: %s".formatted(path, Disk.reason(e)))
                    .asRuntimeException();
        }
    }

    private static WeightsHeader header(Path path, long length) throws IOException {
        Sha256 sha = new Sha256();
        try (OpenFile whole = OpenFile.of(path)) {
            while (!whole.isRead()) {
                for (ByteBuffer bytes : whole.next().asReadOnlyByteBufferList()) {
                    sha.bytes(bytes);
                }
            }
        }
        return WeightsHeader.newBuilder().setLength(length).setSha256(sha.hex()).build();
    }

    private <T> void answer(
            StreamObserver<T> client, Executor readers, Runnable check, StreamedAnswer.Opening<T> opening) {
        try {
            check.run();
            if (!calls.tryAcquire()) {
                throw Status.RESOURCE_EXHAUSTED
                        .withDescription("The coordinator serves %d reads already; ask again".formatted(MOST_CALLS))
                        .asRuntimeException();
            }
        } catch (RuntimeException e) {
            client.onError(GrpcStatuses.of(e));
            return;
        }
        new StreamedAnswer<>((ServerCallStreamObserver<T>) client, readers, calls::release).begin(opening);
    }

    private static void require(boolean granted, String what, String path) {
        if (!granted) {
            throw Status.PERMISSION_DENIED
                    .withDescription(
                            "The %s %s is not one that a job of this coordinator names; workers may read no other"
                                    .formatted(what, path))
                    .asRuntimeException();
        }
    }

    private static void requireFew(int samples) {
        if (samples > MOST_SAMPLES) {
            throw Status.INVALID_ARGUMENT
                    .withDescription(
                            "%d samples are too many for a read; ask for %d at most".formatted(samples, MOST_SAMPLES))
                    .asRuntimeException();
        }
    }

    /** Stops reading; calls that are under way end when the server ends. */
    @Override
    public void close() {
        threads.close();
    }
}
