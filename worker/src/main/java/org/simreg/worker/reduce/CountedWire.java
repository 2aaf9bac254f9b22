package org.simreg.worker.reduce;

import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;

/** A wire that counts the bytes of its frames. */
final class CountedWire implements Wire {
    private final Wire wire;
    private final LongAdder sent = new LongAdder();
    private final LongAdder received = new LongAdder();

    CountedWire(Wire wire) {
        this.wire = wire;
    }

    long sent() {
        return sent.sum();
    }

    long received() {
        return received.sum();
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
    public void start(Inlet inlet) {
        wire.start(
                new Inlet() {
                    @Override
                    public boolean wants(Head head) {
                        return inlet.wants(head);
                    }

                    @Override
                    public void arrived(Frame frame) {
                        received.add(Head.BYTES + (long) frame.head().length());
                        inlet.arrived(frame);
                    }

                    @Override
                    public void lost(Key key, int from, String why) {
                        inlet.lost(key, from, why);
                    }
                });
    }

    @Override
    public Link link(String address, Consumer<String> broken) {
        Link link = wire.link(address, broken);
        return new Link() {
            @Override
            public void send(Head head, Payload payload) {
                sent.add(Head.BYTES + (long) head.length());
                link.send(head, payload);
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
