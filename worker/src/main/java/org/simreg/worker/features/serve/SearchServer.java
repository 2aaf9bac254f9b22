package org.simreg.worker.features.serve;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.grpc.Channel;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.Message;
import io.vertx.core.eventbus.MessageConsumer;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.UUID;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.simreg.proto.ImageQuery;
import org.simreg.proto.SearchOrder;
import org.simreg.proto.SearchReply;
import org.simreg.proto.ShardAnswer;
import org.simreg.proto.ShardQuery;
import org.simreg.proto.UserError;
import org.simreg.proto.UserError.BrokenDevice;
import org.simreg.proto.Vectors;
import org.simreg.worker.base.concurrent.NamedThreads;
import org.simreg.worker.data.loader.SampleRenderer;
import org.simreg.worker.data.storage.WorkerSettings;
import org.simreg.worker.data.view.ViewRecipe;
import org.simreg.worker.engine.torch.LibtorchFailure;
import org.simreg.worker.features.search.SearchMessages;
import org.simreg.worker.features.search.Shard;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A worker's endpoint on the event bus for the coordinator's orders about banks. Messages arrive on an event loop,
 * which only passes them on: searches run one after the other on one thread with the engine's,
 * files are opened on another, images of queries and parts of banks are embedded on two more.
 *
 * <p>A query goes on in {@link OpenShards#get} and {@link Shard#search}; its answer is written by
 * {@link SearchMessages}.
 */
public final class SearchServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SearchServer.class);

    /** Key of the address in {@code Hello.addresses}. */
    public static final String TRANSPORT = "search";

    private static final int REGISTRATION_SECONDS = 30;

    private final String address = "simreg.search." + UUID.randomUUID();
    private final ExecutorService searcher = NamedThreads.one("simreg-search");
    private final ExecutorService viewer = NamedThreads.one("simreg-query-images");
    private final OpenShards shards;
    private final ShardEmbedder embedder;
    private final QueryImages images;
    private final MessageConsumer<byte[]> consumer;
    private final Consumer<BrokenDevice> broken;

    /**
     * Registers its address; not to be called on an event loop.
     *
     * @param vertx clustered if there are other processes; stays the caller's
     * @param coordinator the connection to it; stays the caller's
     * @param broken is told when a search shows that the GPU is broken; any thread
     */
    public SearchServer(Vertx vertx, Channel coordinator, Settings settings, Consumer<BrokenDevice> broken) {
        this.broken = broken;
        ShardTransfer transfer =
                new ShardTransfer(coordinator, settings.worker().cache().resolve("banks"));
        shards = new OpenShards(transfer, settings, searcher);
        embedder = new ShardEmbedder(settings, transfer);
        images = new QueryImages(new EmbeddingNetwork(settings.worker()));
        consumer = vertx.eventBus().consumer(address);
        consumer.handler(this::take);
        consumer.completion()
                .toCompletionStage()
                .toCompletableFuture()
                .orTimeout(REGISTRATION_SECONDS, TimeUnit.SECONDS)
                .join();
    }

    /** Its address on the event bus. */
    public String address() {
        return address;
    }

    /**
     * Keeps searches off the GPU while a job has it: shards give their memory there back, and are searched on the CPU.
     *
     * @return is run once when the job has left the GPU
     */
    public Runnable leaveDevice() {
        return shards.leaveDevice();
    }

    private void take(Message<byte[]> message) {
        SearchOrder order;
        try {
            order = SearchOrder.parseFrom(message.body());
        } catch (InvalidProtocolBufferException e) {
            LOG.warn("A message that is no order about searches is ignored", e);
            return;
        }
        CompletableFuture<SearchReply> reply;
        try {
            reply = carryOut(order);
        } catch (RuntimeException e) {
            reply = CompletableFuture.failedFuture(e);
        }
        reply.exceptionally(this::failure).thenAccept(answer -> message.reply(answer.toByteArray()));
    }

    private CompletableFuture<SearchReply> carryOut(SearchOrder order) {
        return switch (order.getOrderCase()) {
            case QUERY -> search(order.getQuery());
            case HOLD ->
                shards.get(order.getHold())
                        .thenApply(open -> reply().setHeld(order.getHold()).build());
            case EMBED -> now(() -> reply().setEmbedded(embedder.ask(order.getEmbed())));
            case IMAGES -> embed(order.getImages());
            case WANTED -> {
                shards.retain(order.getWanted().getShardsList());
                embedder.retain(order.getWanted().getEmbeddingsList());
                yield now(() -> reply().setDone(true));
            }
            case ORDER_NOT_SET -> throw new UserError("This worker is older than the coordinator; renew it");
        };
    }

    /** An image that takes longer than anybody waits gives its thread back; a query that had no processor says so in time. */
    private CompletableFuture<SearchReply> embed(ImageQuery query) {
        EmbeddingTurn turn = new EmbeddingTurn();
        CompletableFuture<SearchReply> embedded = CompletableFuture.supplyAsync(
                () -> turn.take(() -> reply().setVectors(images.embed(query)).build()), viewer);
        long patience = query.getPatienceMs();
        if (patience > 0) {
            CompletableFuture.delayedExecutor(patience, TimeUnit.MILLISECONDS).execute(turn::end);
            CompletableFuture.delayedExecutor(patience * 3 / 4, TimeUnit.MILLISECONDS)
                    .execute(() -> turn.giveUpUnlessComputing(patience / 3)
                            .ifPresent(reason -> embedded.completeExceptionally(new UserError(reason))));
        }
        return embedded;
    }

    private static CompletableFuture<SearchReply> now(Supplier<SearchReply.Builder> reply) {
        return CompletableFuture.completedFuture(reply.get().build());
    }

    private static SearchReply.Builder reply() {
        return SearchReply.newBuilder();
    }

    private CompletableFuture<SearchReply> search(ShardQuery query) {
        long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(query.getPatienceMs());
        return shards.get(query.getShard()).thenApplyAsync(held -> search(held.shard(), query, until), searcher);
    }

    private static SearchReply search(Shard shard, ShardQuery query, long until) {
        ShardAnswer.Builder answer = ShardAnswer.newBuilder()
                .setVersion(query.getShard().getVersion())
                .setShard(query.getShard().getShard());
        SearchMessages.put(
                shard.search(SearchMessages.of(query.getVectors()), query.getK(), () -> System.nanoTime() - until > 0),
                answer);
        return reply().setAnswer(answer).build();
    }

    private SearchReply failure(Throwable thrown) {
        Throwable failure = LibtorchFailure.explained(
                thrown instanceof CompletionException && thrown.getCause() != null ? thrown.getCause() : thrown);
        if (failure instanceof BrokenDevice device) {
            broken.accept(device);
        }
        boolean expected = failure instanceof UserError
                || failure instanceof QueryImages.Unreadable
                || failure instanceof CancellationException
                || failure instanceof IllegalArgumentException;
        if (!expected) {
            LOG.error("An order about searches failed", failure);
        }
        boolean refused = failure instanceof QueryImages.Unreadable || failure instanceof IllegalArgumentException;
        SearchReply.Failure.Builder said = SearchReply.Failure.newBuilder()
                .setReason(expected ? String.valueOf(failure.getMessage()) : failure.toString())
                .setRefused(refused);
        return reply().setFailure(said).build();
    }

    /** Takes no orders any more, and closes its shards and networks. */
    @Override
    public void close() {
        consumer.unregister();
        NamedThreads.end(searcher);
        shards.close();
        embedder.close();
        viewer.execute(images::close);
        viewer.shutdown();
    }

    /**
     * The settings by which a worker answers searches.
     *
     * @param worker device, threads and where files are kept
     * @param memory most bytes that open shards may take, mapped files included
     */
    public record Settings(WorkerSettings worker, long memory) {
        /** Half of the machine's memory for shards. */
        public static Settings of(WorkerSettings worker) {
            var system = ManagementFactory.getOperatingSystemMXBean();
            long memory = system instanceof com.sun.management.OperatingSystemMXBean known
                    ? known.getTotalMemorySize() / 2
                    : Runtime.getRuntime().maxMemory();
            return new Settings(worker, memory);
        }
    }

    /**
     * An embedder of the images in queries, by the network and view of their bank. Belongs to one
     * thread.
     */
    private static final class QueryImages implements AutoCloseable {
        private static final int AT_ONCE = 64;

        private final EmbeddingNetwork frozen;
        private SampleRenderer renderer;

        QueryImages(EmbeddingNetwork frozen) {
            this.frozen = frozen;
        }

        /** The refusal of a query's image that can't be read. */
        static final class Unreadable extends RuntimeException {
            private static final long serialVersionUID = 1;

            Unreadable(String message, Throwable cause) {
                super(message, cause);
            }
        }

        /**
         * Embeds images as the bank's were.
         *
         * @throws Unreadable if one of them can't be read; the message has its number
         * @throws UserError if the weights can't be had or are others by now
         */
        Vectors embed(ImageQuery query) {
            String weights = frozen.of(query.getImages()).identity().sha256();
            if (!weights.equals(query.getWeightsSha256())) {
                throw new UserError(
                        "The weights %s are not those that the bank was made with (SHA-256 %s instead of %s); put them back, or make the bank again"
                                .formatted(query.getImages().getWeights(), weights, query.getWeightsSha256()));
            }
            ViewRecipe.CentreView view = frozen.view(query.getImages());
            int count = query.getFilesCount();
            float[] all = new float[0];
            for (int from = 0; from < count; from += AT_ONCE) {
                int n = Math.min(AT_ONCE, count - from);
                float[] rows = frozen.features(decoded(query, from, n, view), n, view.size());
                all = all.length == 0 ? new float[rows.length / n * count] : all;
                System.arraycopy(rows, 0, all, rows.length / n * from, rows.length);
            }
            return Vectors.newBuilder()
                    .setVectors(SearchMessages.bytes(all))
                    .setDimension(all.length / Math.max(1, count))
                    .build();
        }

        private ByteBuffer decoded(ImageQuery query, int from, int n, ViewRecipe.CentreView view) {
            renderer = renderer == null ? new SampleRenderer() : renderer;
            ByteBuffer pixels = ByteBuffer.allocateDirect(n * 3 * view.size() * view.size());
            for (int i = from; i < from + n; i++) {
                if (Thread.currentThread().isInterrupted()) {
                    throw new CancellationException("nobody waits for the answer any more");
                }
                ByteString file = query.getFiles(i);
                try {
                    renderer.render(file.asReadOnlyByteBuffer(), view, pixels);
                } catch (IOException e) {
                    throw new Unreadable("query %d is no image that can be read: %s".formatted(i, e.getMessage()), e);
                }
            }
            return pixels.flip();
        }

        @Override
        public void close() {
            if (renderer != null) {
                renderer.close();
            }
            frozen.close();
        }
    }
}
