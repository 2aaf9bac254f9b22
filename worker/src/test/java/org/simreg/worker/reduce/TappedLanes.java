package org.simreg.worker.reduce;

import java.nio.ByteBuffer;
import java.util.function.Consumer;
import java.util.function.Predicate;

/** Lanes whose frames a test can see, hold back, change and send again. */
final class TappedLanes implements Lanes {
    private final Wire wire;
    private final Switchboard switchboard;
    private Wire.Inlet inlet;

    /** Sees what is sent; false throws it away. */
    volatile Predicate<Head> sending = head -> true;

    /** Sees what arrives, and passes it on by {@link #arrive}, or not. */
    volatile Consumer<Frame> arriving = this::arrive;

    TappedLanes(Wire wire) {
        this.wire = wire;
        switchboard = new Switchboard(new Tap());
    }

    static boolean isData(Head head) {
        return head.kind().ordinal() >= Head.Kind.PARTIAL.ordinal();
    }

    void arrive(Frame frame) {
        inlet.arrived(frame);
    }

    /** What happens to a frame that arrives over the wire. */
    void arriveAgain(Frame copy) {
        if (inlet.wants(copy.head())) {
            inlet.arrived(copy);
        }
    }

    /** A frame that stays when the other is given back. */
    static Frame copy(Frame frame) {
        ByteBuffer bytes = ByteBuffer.allocate(frame.bytes().remaining());
        bytes.put(frame.bytes().duplicate()).flip();
        return new Frame(frame.head(), bytes, () -> {});
    }

    @Override
    public String address() {
        return switchboard.address();
    }

    @Override
    public long refused() {
        return switchboard.refused();
    }

    @Override
    public long sent() {
        return switchboard.sent();
    }

    @Override
    public long received() {
        return switchboard.received();
    }

    @Override
    public Switchboard switchboard() {
        return switchboard;
    }

    @Override
    public void close() {
        switchboard.close();
    }

    private final class Tap implements Wire {
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
            wire.start(
                    new Inlet() {
                        @Override
                        public boolean wants(Head head) {
                            return real.wants(head);
                        }

                        @Override
                        public void arrived(Frame frame) {
                            arriving.accept(frame);
                        }

                        @Override
                        public void lost(Key key, int from, String why) {
                            real.lost(key, from, why);
                        }
                    });
        }

        @Override
        public Link link(String address, Consumer<String> broken) {
            Link link = wire.link(address, broken);
            return new Link() {
                @Override
                public void send(Head head, Payload payload) {
                    if (sending.test(head)) {
                        link.send(head, payload);
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
}
