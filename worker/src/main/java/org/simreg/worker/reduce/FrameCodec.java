package org.simreg.worker.reduce;

import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.eventbus.MessageCodec;
import java.nio.ByteBuffer;

/** Frames on the event bus. Within a process the array itself is handed over: nobody changes it. */
final class FrameCodec implements MessageCodec<byte[], byte[]> {
    static final String NAME = "simreg.frame";

    private FrameCodec() {}

    /** Makes it known to an event bus, once. */
    static void register(Vertx vertx) {
        synchronized (FrameCodec.class) {
            vertx.sharedData()
                    .<String, Boolean>getLocalMap(NAME)
                    .computeIfAbsent(
                            NAME,
                            name -> {
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
