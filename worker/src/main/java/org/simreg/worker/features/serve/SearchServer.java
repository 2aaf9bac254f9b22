package org.simreg.worker.features.serve;

import com.google.protobuf.InvalidProtocolBufferException;
import io.grpc.Channel;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.Message;
import io.vertx.core.eventbus.MessageConsumer;
import java.util.UUID;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.simreg.proto.SearchOrder;
import org.simreg.proto.SearchReply;
import org.simreg.proto.ShardAnswer;
import org.simreg.proto.ShardQuery;
import org.simreg.proto.UserError;
import org.simreg.worker.base.concurrent.NamedThreads;
import org.simreg.worker.features.search.SearchMessages;
import org.simreg.worker.features.search.Shard;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The server of the coordinator's orders about banks on a worker. Messages arrive on an event loop,
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

    /**
     * Registers its address; not to be called on an event loop.
     *
     * @param vertx clustered if there are other processes; stays the caller's
     * @param coordinator the connection to it; stays the caller's
     */
    public SearchServer(Vertx vertx, Channel coordinator, ServeSettings settings) {
        ShardTransfer transfer =
                new ShardTransfer(coordinator, settings.worker().cache().resolve("banks"));
        shards = new OpenShards(transfer, settings, searcher);
        embedder = new ShardEmbedder(settings, transfer);
        images = new QueryImages(new EmbeddingNetwork(settings.worker(), LOG::warn));
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
        reply.exceptionally(SearchServer::failure)
                .thenAccept(answer -> message.reply(answer.toByteArray()));
    }

    private CompletableFuture<SearchReply> carryOut(SearchOrder order) {
        return switch (order.getOrderCase()) {
            case QUERY -> search(order.getQuery());
            case HOLD ->
                    shards.get(order.getHold())
                            .thenApply(open -> reply().setHeld(order.getHold()).build());
            case EMBED -> now(() -> reply().setEmbedded(embedder.ask(order.getEmbed())));
            case IMAGES ->
                    CompletableFuture.supplyAsync(
                            () -> reply().setVectors(images.embed(order.getImages())).build(),
                            viewer);
            case WANTED -> {
                shards.retain(order.getWanted().getShardsList());
                embedder.retain(order.getWanted().getEmbeddingsList());
                yield now(() -> reply().setDone(true));
            }
            case ORDER_NOT_SET ->
                    throw new UserError("This worker is older than the coordinator; renew it");
        };
    }

    private static CompletableFuture<SearchReply> now(Supplier<SearchReply.Builder> reply) {
        return CompletableFuture.completedFuture(reply.get().build());
    }

    private static SearchReply.Builder reply() {
        return SearchReply.newBuilder();
    }

    private CompletableFuture<SearchReply> search(ShardQuery query) {
        long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(query.getPatienceMs());
        return shards.get(query.getShard())
                .thenApplyAsync(held -> search(held.shard(), query, until), searcher);
    }

    private static SearchReply search(Shard shard, ShardQuery query, long until) {
        ShardAnswer.Builder answer =
                ShardAnswer.newBuilder()
                        .setVersion(query.getShard().getVersion())
                        .setShard(query.getShard().getShard());
        SearchMessages.put(
                shard.search(
                        SearchMessages.of(query.getVectors()),
                        query.getK(),
                        () -> System.nanoTime() - until > 0),
                answer);
        return reply().setAnswer(answer).build();
    }

    private static SearchReply failure(Throwable thrown) {
        Throwable failure =
                thrown instanceof CompletionException && thrown.getCause() != null
                        ? thrown.getCause()
                        : thrown;
        boolean expected =
                failure instanceof UserError
                        || failure instanceof QueryImages.Unreadable
                        || failure instanceof CancellationException
                        || failure instanceof IllegalArgumentException;
        if (!expected) {
            LOG.error("An order about searches failed", failure);
        }
        boolean refused =
                failure instanceof QueryImages.Unreadable
                        || failure instanceof IllegalArgumentException;
        SearchReply.Failure.Builder said =
                SearchReply.Failure.newBuilder()
                        .setReason(
                                expected
                                        ? String.valueOf(failure.getMessage())
                                        : failure.toString())
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
}
