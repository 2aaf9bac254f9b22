package org.simreg.worker.exchange.reduce;

import java.nio.ByteBuffer;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.simreg.worker.exchange.mesh.Frame;
import org.simreg.worker.exchange.mesh.FrameHeader;
import org.simreg.worker.exchange.mesh.FrameWire;

/** A wire whose frames a test can see, hold back, change and send again. */
public final class TappedWire implements FrameWire {
    private final FrameWire wire;
    private Inlet inlet;

    /** Sees what is sent; false throws it away. */
    public volatile Predicate<FrameHeader> sending = header -> true;

    /** Sees what arrives, and passes it on by {@link #arrive}, or not. */
    public volatile Consumer<Frame> arriving = this::arrive;

    public TappedWire(FrameWire wire) {
        this.wire = wire;
    }

    public void arrive(Frame frame) {
        inlet.arrived(frame);
    }

    /** What happens to a frame that arrives over the wire. */
    public void arriveAgain(Frame copy) {
        if (inlet.wants(copy.header())) {
            inlet.arrived(copy);
        }
    }

    /** A frame that stays when the other is given back. */
    public static Frame copy(Frame frame) {
        ByteBuffer bytes = ByteBuffer.allocate(frame.bytes().remaining());
        bytes.put(frame.bytes().duplicate()).flip();
        return new Frame(frame.header(), bytes, () -> {});
    }

    @Override
    public String address() {
        return wire.address();
    }

    @Override
    public int chunk() {
        return wire.chunk();
    }

    @Override
    public void start(Inlet real) {
        inlet = real;
        wire.start(new Inlet() {
            @Override
            public boolean wants(FrameHeader header) {
                return real.wants(header);
            }

            @Override
            public void arrived(Frame frame) {
                arriving.accept(frame);
            }

            @Override
            public void lost(FrameHeader.Key key, int from, String why) {
                real.lost(key, from, why);
            }
        });
    }

    @Override
    public Link link(String address, Consumer<String> broken) {
        Link link = wire.link(address, broken);
        return new Link() {
            @Override
            public void send(FrameHeader header, Frame.Payload payload) {
                if (sending.test(header)) {
                    link.send(header, payload);
                }
            }

            @Override
            public void close() {
                link.close();
            }
        };
    }

    @Override
    public void close() {
        wire.close();
    }
}
