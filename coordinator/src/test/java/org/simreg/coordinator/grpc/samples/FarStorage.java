package org.simreg.coordinator.grpc.samples;

import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerBuilder;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;
import org.simreg.proto.Dataset;
import org.simreg.proto.DescribeRequest;
import org.simreg.proto.Job;
import org.simreg.proto.ReadRequest;
import org.simreg.proto.Roots;
import org.simreg.proto.SamplePart;
import org.simreg.proto.SamplesGrpc;
import org.simreg.proto.WeightsPart;
import org.simreg.proto.WeightsRequest;
import org.simreg.worker.data.cache.CacheSpace;
import org.simreg.worker.data.dataset.ImageDataset;
import org.simreg.worker.data.storage.DatasetOpener;
import org.simreg.worker.data.storage.remote.RemoteStorage;

/**
 * A coordinator's service {@code Samples} with real gRPC. Jobs name paths that start with {@link
 * #FAR}, where nothing is; the server replaces that by the folder of the test, so that nothing can
 * be read but over the wire.
 */
public final class FarStorage implements AutoCloseable {
    static final String FAR = "/not-on-this-machine";

    final Path folder;
    final Queue<String> notices = new ConcurrentLinkedQueue<>();
    final AtomicInteger calls = new AtomicInteger();
    final AtomicLong bytes = new AtomicLong();

    /** Changes the messages on the wire. */
    volatile UnaryOperator<Object> wire = UnaryOperator.identity();

    private final boolean loopback;
    private final String name = UUID.randomUUID().toString();
    private final List<Runnable> open = new ArrayList<>();
    private final Queue<Job> jobs = new ConcurrentLinkedQueue<>();
    private volatile String away = FAR;
    private volatile String there = FAR;
    private SamplesRpc service;
    private Server server;
    private int port;

    public FarStorage(Path folder, boolean loopback) {
        this.folder = folder;
        this.loopback = loopback;
        start();
    }

    /** Lets workers read a job's files; its paths are as the server sees them. */
    void know(Job job) {
        jobs.add(job);
    }

    /** A data set below the folder that may be read, as a worker names it. */
    public Dataset dataset(String path) {
        return dataset(Dataset.newBuilder().addPath(FAR + "/" + path).build());
    }

    Dataset dataset(Dataset far) {
        know(Job.newBuilder().setDataset(near(far)).build());
        return far;
    }

    private Dataset near(Dataset far) {
        Dataset.Builder near = far.toBuilder().clearPath();
        far.getPathList().forEach(path -> near.addPath(near(path)));
        if (far.hasClassesFile()) {
            near.setClassesFile(near(far.getClassesFile()));
        }
        return near.build();
    }

    private String near(String path) {
        return path.replace(away, there).replace(FAR, folder.toString());
    }

    /** Has the server see another folder where the worker sees one of its own. */
    void rename(String away, String there) {
        this.away = away;
        this.there = there;
    }

    /** The same data set, opened by its files. */
    public ImageDataset local(Dataset far) {
        Dataset near = near(far);
        return DatasetOpener.local(
                near,
                new DatasetOpener.Local(
                        folder.resolve("local-index"), Roots.ANYWHERE, ImageDataset.IndexProgress.SILENT),
                note -> {});
    }

    public RemoteStorage worker() {
        return worker(1 << 30, Duration.ofSeconds(30));
    }

    public RemoteStorage worker(long cacheBytes, Duration timeout) {
        return worker(new RemoteStorage.Settings(new CacheSpace(cache(), cacheBytes), timeout));
    }

    RemoteStorage worker(RemoteStorage.Settings settings) {
        RemoteStorage storage = new RemoteStorage(channel(), settings);
        open.add(storage::close);
        return storage;
    }

    Path cache() {
        return folder.resolve("worker-cache");
    }

    ManagedChannel channel() {
        ManagedChannel channel = loopback
                ? NettyChannelBuilder.forAddress("127.0.0.1", port)
                        .usePlaintext()
                        .build()
                : InProcessChannelBuilder.forName(name).build();
        open.add(channel::shutdownNow);
        return channel;
    }

    SamplesGrpc.SamplesBlockingStub stub() {
        return SamplesGrpc.newBlockingStub(channel());
    }

    public void start() {
        start(2);
    }

    /** Starts as a new process would, at the same address. */
    void start(int threads) {
        service = new SamplesRpc(ReadGrants.of(() -> jobs), Roots.ANYWHERE, folder.resolve("index"), threads);
        long deadline = System.nanoTime() + 20_000_000_000L;
        while (!isStarted(deadline)) {
            Thread.onSpinWait();
        }
        port = loopback ? server.getPort() : 0;
    }

    /** False while a connection of another process happens to use the port. */
    private boolean isStarted(long deadline) {
        ServerBuilder<?> builder = loopback
                ? NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", port))
                : InProcessServerBuilder.forName(name);
        try {
            server = builder.addService(service).intercept(new Wire()).build().start();
            return true;
        } catch (IOException e) {
            if (System.nanoTime() > deadline) {
                throw new UncheckedIOException(e);
            }
            return false;
        }
    }

    /** Ends at once, in the middle of what it does. */
    public void stop() {
        server.shutdownNow();
        service.close();
        try {
            server.awaitTermination();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        open.forEach(Runnable::run);
        stop();
    }

    /** Counts, maps paths, and changes answers as the test wants. */
    private final class Wire implements ServerInterceptor {
        @Override
        public <Q, A> ServerCall.Listener<Q> interceptCall(
                ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
            calls.incrementAndGet();
            ServerCall<Q, A> changed = new SimpleForwardingServerCall<>(call) {
                @Override
                @SuppressWarnings("unchecked")
                public void sendMessage(A message) {
                    bytes.addAndGet(payload(message));
                    super.sendMessage((A) wire.apply(message));
                }
            };
            return new SimpleForwardingServerCallListener<>(next.startCall(changed, headers)) {
                @Override
                @SuppressWarnings("unchecked")
                public void onMessage(Q message) {
                    super.onMessage((Q) mapped(message));
                }
            };
        }

        private Object mapped(Object message) {
            if (message instanceof DescribeRequest far) {
                return far.toBuilder().setDataset(near(far.getDataset())).build();
            } else if (message instanceof ReadRequest far) {
                return far.toBuilder().setDataset(near(far.getDataset())).build();
            } else if (message instanceof WeightsRequest far) {
                return far.toBuilder().setPath(near(far.getPath())).build();
            }
            return message;
        }

        private int payload(Object message) {
            if (message instanceof SamplePart part) {
                return part.getData().size();
            }
            return message instanceof WeightsPart part ? part.getData().size() : 0;
        }
    }
}
