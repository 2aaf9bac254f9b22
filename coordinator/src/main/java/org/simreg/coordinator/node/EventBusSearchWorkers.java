package org.simreg.coordinator.node;

import com.google.protobuf.InvalidProtocolBufferException;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.ReplyException;
import io.vertx.core.eventbus.ReplyFailure;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeoutException;
import org.simreg.coordinator.search.query.SearchWorkers;
import org.simreg.proto.SearchOrder;
import org.simreg.proto.SearchReply;

/** The workers that answer searches, asked over the event bus, point to point. */
final class EventBusSearchWorkers implements SearchWorkers {
    /** A new address may take a moment to be known everywhere. */
    private static final int ATTEMPTS = 30;

    private static final long AGAIN_MS = 100;

    private final Context wire;
    private final Vertx vertx;
    private final Executor home;

    /**
     * @param wire context of an event loop: connections belong to who sends first, and outlive a
     *     verticle
     * @param home runs what follows an answer, on the asking thread
     */
    EventBusSearchWorkers(Context wire, Executor home) {
        this.wire = wire;
        this.home = home;
        vertx = wire.owner();
    }

    @Override
    public CompletionStage<SearchReply> send(SearchWorkers.Worker worker, SearchOrder order, long timeoutMs) {
        CompletableFuture<SearchReply> reply = new CompletableFuture<>();
        byte[] bytes = order.toByteArray();
        DeliveryOptions options =
                new DeliveryOptions().setSendTimeout(Math.max(1, timeoutMs)).setLocalOnly(false);
        wire.runOnContext(nothing -> send(worker, bytes, options, ATTEMPTS, reply));
        return reply;
    }

    private void send(
            SearchWorkers.Worker worker,
            byte[] bytes,
            DeliveryOptions options,
            int attempts,
            CompletableFuture<SearchReply> reply) {
        vertx.eventBus()
                .<byte[]>request(worker.address(), bytes, options)
                .onSuccess(message -> parsed(message.body(), reply))
                .onFailure(e -> {
                    if (attempts > 1 && isUnknown(e)) {
                        vertx.setTimer(AGAIN_MS, timer -> send(worker, bytes, options, attempts - 1, reply));
                    } else {
                        fail(reply, isLate(e) ? new TimeoutException(e.getMessage()) : e);
                    }
                });
    }

    private void parsed(byte[] body, CompletableFuture<SearchReply> reply) {
        try {
            SearchReply answer = SearchReply.parseFrom(body);
            home.execute(() -> reply.complete(answer));
        } catch (InvalidProtocolBufferException e) {
            fail(reply, e);
        }
    }

    private void fail(CompletableFuture<SearchReply> reply, Throwable e) {
        home.execute(() -> reply.completeExceptionally(e));
    }

    private static boolean isLate(Throwable e) {
        return e instanceof ReplyException reply && reply.failureType() == ReplyFailure.TIMEOUT;
    }

    private static boolean isUnknown(Throwable e) {
        return e instanceof ReplyException reply && reply.failureType() == ReplyFailure.NO_HANDLERS;
    }
}
