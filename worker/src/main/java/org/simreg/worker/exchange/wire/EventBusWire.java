package org.simreg.worker.exchange.wire;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.Message;
import io.vertx.core.eventbus.MessageCodec;
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
import org.simreg.worker.exchange.mesh.Frame;
import org.simreg.worker.exchange.mesh.FrameHeader;
import org.simreg.worker.exchange.mesh.FrameWire;
import org.simreg.worker.exchange.mesh.PeerTransport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A wire of messages on the Vert.x event bus: no port of its own, about half as fast as {@link
 * NettyWire}. All are sent and received on one context: that keeps them in order.
 */
public final class EventBusWire implements FrameWire {
    private static final Logger LOG = LoggerFactory.getLogger(EventBusWire.class);

    /** With its header just below 2^18: a larger wire buffer would double to 512 KiB. */
    private static final int CHUNK = 249_984;

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
    public EventBusWire(Vertx vertx, int chunk) {
        this.vertx = vertx;
        this.chunk = chunk;
        context = ((VertxInternal) vertx).createEventLoopContext();
    }

    /**
     * Makes a transport with an address of its own; waits until other members can find it, so it
     * isn't to be called on an event loop.
     *
     * @param vertx clustered if there are other processes; stays the caller's
     */
    public static PeerTransport transport(Vertx vertx) {
        return new PeerTransport(new EventBusWire(vertx, CHUNK));
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
        Future<Void> registered = Future.future(promise -> context.runOnContext(ignored -> {
            consumer = vertx.eventBus().consumer(address);
            consumer.handler(message -> receive(message, inlet));
            consumer.completion().onComplete(promise);
        }));
        try {
            registered.toCompletionStage().toCompletableFuture().get(REGISTRATION_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while registering " + address, e);
        } catch (ExecutionException | TimeoutException e) {
            throw new IllegalStateException("the event bus did not register the address for gradients, " + address, e);
        }
    }

    private static void receive(Message<byte[]> message, Inlet inlet) {
        byte[] bytes = message.body();
        FrameHeader header = bytes.length < FrameHeader.BYTES ? null : FrameHeader.read(ByteBuffer.wrap(bytes));
        if (header == null) {
            LOG.warn("a message of {} bytes that is no frame of gradients is ignored", bytes.length);
        } else if (inlet.wants(header)) {
            inlet.arrived(new Frame(header, ByteBuffer.wrap(bytes), () -> {}));
        }
    }

    @Override
    public Link link(String peer, Consumer<String> broken) {
        MessageProducer<byte[]> producer = vertx.eventBus().sender(peer, options);
        return new Link() {
            @Override
            public void send(FrameHeader header, Frame.Payload payload) {
                // The bus reads a message later, on its own thread, so it gets bytes of its own.
                byte[] bytes = new byte[header.frameBytes()];
                header.write(ByteBuffer.wrap(bytes), payload);
                int attempts = header.kind() == FrameHeader.Kind.GRANT ? ATTEMPTS : 1;
                context.runOnContext(ignored -> write(producer, bytes, attempts, broken));
            }

            @Override
            public void close() {
                producer.close();
            }
        };
    }

    /** Only grants are tried again: they may come late, twice and in any order. */
    private void write(MessageProducer<byte[]> producer, byte[] bytes, int attempts, Consumer<String> broken) {
        producer.write(bytes).onFailure(e -> {
            if (attempts > 1 && unknownAddress(e)) {
                vertx.setTimer(AGAIN_MS, timer -> write(producer, bytes, attempts - 1, broken));
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

    /** The codec of frames on the event bus. Within a process the array itself is handed over. */
    private static final class FrameCodec implements MessageCodec<byte[], byte[]> {
        static final String NAME = "simreg.frame";

        /** Makes it known to an event bus, once. */
        static void register(Vertx vertx) {
            synchronized (FrameCodec.class) {
                vertx.sharedData().<String, Boolean>getLocalMap(NAME).computeIfAbsent(NAME, name -> {
                    vertx.eventBus().registerCodec(new FrameCodec());
                    return true;
                });
            }
        }

        @Override
        public void encodeToWire(Buffer wire, byte[] frame) {
            wire.appendInt(frame.length);
            wire.setBytes(wire.length(), ByteBuffer.wrap(frame));
        }

        @Override
        public byte[] decodeFromWire(int position, Buffer wire) {
            int start = position + Integer.BYTES;
            return wire.getBytes(start, start + wire.getInt(position));
        }

        /** The same array: nobody changes it. */
        @Override
        public byte[] transform(byte[] frame) {
            return frame;
        }

        @Override
        public String name() {
            return NAME;
        }

        @Override
        public byte systemCodecID() {
            return -1;
        }
    }
}
