package org.simreg.coordinator.search;

import com.google.protobuf.InvalidProtocolBufferException;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.ReplyException;
import io.vertx.core.eventbus.ReplyFailure;
import java.util.concurrent.Executor;
import org.simreg.proto.SearchOrder;
import org.simreg.proto.SearchReply;

/** Workers over the event bus, point to point. */
final class EventBusCrew implements Crew {
    /** A new address may take a moment to be known everywhere. */
    private static final int ATTEMPTS = 30;

    private static final long AGAIN_MS = 100;

    private final Context wire;
    private final Vertx vertx;
    private final Executor home;

    /**
     * @param wire an event loop's: connections belong to who sends first, and outlive a verticle
     * @param home runs answers on the asking thread
     */
    EventBusCrew(Context wire, Executor home) {
        this.wire = wire;
        this.home = home;
        vertx = wire.owner();
    }

    @Override
    public Future<SearchReply> ask(Worker worker, SearchOrder order, long patienceMs) {
        Promise<SearchReply> reply = Promise.promise();
        byte[] bytes = order.toByteArray();
        DeliveryOptions options =
                new DeliveryOptions().setSendTimeout(Math.max(1, patienceMs)).setLocalOnly(false);
        Promise<SearchReply> arrived = Promise.promise();
        arrived.future().onComplete(answer -> home.execute(() -> reply.handle(answer)));
        wire.runOnContext(nothing -> send(worker, bytes, options, ATTEMPTS, arrived));
        return reply.future();
    }

    private void send(
            Worker worker,
            byte[] bytes,
            DeliveryOptions options,
            int attempts,
            Promise<SearchReply> reply) {
        vertx.eventBus()
                .<byte[]>request(worker.address(), bytes, options)
                .onSuccess(message -> parsed(message.body(), reply))
                .onFailure(
                        e -> {
                            if (attempts > 1 && isUnknown(e)) {
                                vertx.setTimer(
                                        AGAIN_MS,
                                        timer -> send(worker, bytes, options, attempts - 1, reply));
                            } else {
                                reply.tryFail(e);
                            }
                        });
    }

    private static void parsed(byte[] body, Promise<SearchReply> reply) {
        try {
            reply.tryComplete(SearchReply.parseFrom(body));
        } catch (InvalidProtocolBufferException e) {
            reply.tryFail(e);
        }
    }

    private static boolean isUnknown(Throwable e) {
        return e instanceof ReplyException reply && reply.failureType() == ReplyFailure.NO_HANDLERS;
    }
}
