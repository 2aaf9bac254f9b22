package org.simreg.worker.reduce;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.Message;
import io.vertx.core.eventbus.MessageConsumer;
import io.vertx.core.eventbus.MessageProducer;
import io.vertx.core.eventbus.ReplyException;
import io.vertx.core.eventbus.ReplyFailure;
import io.vertx.core.internal.VertxInternal;
import java.nio.ByteBuffer;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/**
 * Frames as messages of the event bus. All are sent and received on one context: that keeps them in
 * order.
 */
final class EventBusWire implements Wire {
    /** With its head just below 2^18: a larger wire buffer would double to 512 KiB. */
    static final int CHUNK = 249_984;

    private static final long REGISTRATION_SECONDS = 30;

    /** A new address may take a moment to be known everywhere. */
    private static final int ATTEMPTS = 50;

    private static final long AGAIN_MS = 100;

    private final Vertx vertx;
    private final Context context;
    private final int chunk;
    private final String address = "simreg.lanes." + UUID.randomUUID();
    private final DeliveryOptions options = new DeliveryOptions().setCodecName(FrameCodec.NAME);
    private MessageConsumer<byte[]> consumer;

    /**
     * @param chunk most bytes of a payload
     */
    EventBusWire(Vertx vertx, int chunk) {
        this.vertx = vertx;
        this.chunk = chunk;
        context = ((VertxInternal) vertx).createEventLoopContext();
    }

    @Override
    public String address() {
        return address;
    }

    @Override
    public int chunk() {
        return chunk;
    }

    @Override
    public void start(Inlet inlet) {
        FrameCodec.register(vertx);
        Future<Void> registered =
                Future.future(
                        promise ->
                                context.runOnContext(
                                        ignored -> {
                                            consumer = vertx.eventBus().consumer(address);
                                            consumer.handler(message -> receive(message, inlet));
                                            consumer.completion().onComplete(promise);
                                        }));
        try {
            registered
                    .toCompletionStage()
                    .toCompletableFuture()
                    .get(REGISTRATION_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while registering " + address, e);
        } catch (ExecutionException | TimeoutException e) {
            throw new IllegalStateException(
                    "the event bus did not register the address of the lanes, " + address, e);
        }
    }

    private static void receive(Message<byte[]> message, Inlet inlet) {
        byte[] bytes = message.body();
        Head head = bytes.length < Head.BYTES ? null : Head.read(ByteBuffer.wrap(bytes));
        if (head != null && inlet.wants(head)) {
            inlet.arrived(new Frame(head, ByteBuffer.wrap(bytes), () -> {}));
        }
    }

    @Override
    public Link link(String peer, Consumer<String> broken) {
        MessageProducer<byte[]> producer = vertx.eventBus().sender(peer, options);
        return new Link() {
            @Override
            public void send(Head head, Payload payload) {
                // The bus reads a message later, on its own thread, so it gets bytes of its own.
                byte[] bytes = new byte[Head.BYTES + head.length()];
                head.write(ByteBuffer.wrap(bytes), payload);
                int attempts = head.kind() == Head.Kind.GRANT ? ATTEMPTS : 1;
                context.runOnContext(ignored -> write(producer, bytes, attempts, broken));
            }

            @Override
            public void close() {
                producer.close();
            }
        };
    }

    /** Only grants are tried again: they may come late, twice and in any order. */
    private void write(
            MessageProducer<byte[]> producer, byte[] bytes, int attempts, Consumer<String> broken) {
        producer.write(bytes)
                .onFailure(
                        e -> {
                            if (attempts > 1 && unknownAddress(e)) {
                                vertx.setTimer(
                                        AGAIN_MS,
                                        timer -> write(producer, bytes, attempts - 1, broken));
                            } else {
                                broken.accept(String.valueOf(e.getMessage()));
                            }
                        });
    }

    private static boolean unknownAddress(Throwable e) {
        return e instanceof ReplyException reply && reply.failureType() == ReplyFailure.NO_HANDLERS;
    }

    @Override
    public void close() {
        context.runOnContext(ignored -> consumer.unregister());
    }
}
