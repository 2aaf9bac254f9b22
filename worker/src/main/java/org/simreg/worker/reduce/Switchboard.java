package org.simreg.worker.reduce;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/**
 * The lines of this process by job, generation and use. A frame for none of them is of a generation
 * that is over, and thrown away: nobody sends to one that hasn't begun, because credits are given
 * when it begins.
 */
final class Switchboard implements Wire.Inlet {
    private final CountedWire wire;
    private final Map<Key, Line> lines = new ConcurrentHashMap<>();
    private final LongAdder refused = new LongAdder();

    Switchboard(Wire wire) {
        this.wire = new CountedWire(wire);
        this.wire.start(this);
    }

    String address() {
        return wire.address();
    }

    /** Most floats of a payload. */
    int chunk() {
        return wire.chunk() / Float.BYTES;
    }

    long refused() {
        return refused.sum();
    }

    long sent() {
        return wire.sent();
    }

    long received() {
        return wire.received();
    }

    /**
     * Begins a line.
     *
     * @param open whether peers may send at once
     */
    void open(Line line, boolean open) {
        if (lines.putIfAbsent(line.key(), line) != null) {
            throw new IllegalStateException("it has begun here already: " + line.key());
        }
        line.connect(wire, open);
    }

    /** Ends a line whose thread has ended. */
    void close(Line line) {
        lines.remove(line.key(), line);
        line.close();
    }

    @Override
    public boolean wants(Head head) {
        boolean wanted = lines.containsKey(head.key());
        if (!wanted && head.kind().ordinal() >= Head.Kind.PARTIAL.ordinal()) {
            refused.increment();
        }
        return wanted;
    }

    @Override
    public void arrived(Frame frame) {
        Line line = lines.get(frame.head().key());
        if (line == null) {
            frame.release().run();
        } else {
            line.arrived(frame);
        }
    }

    @Override
    public void lost(Key key, int from, String why) {
        Line line = lines.get(key);
        if (line != null) {
            line.lost(from, why);
        }
    }

    void close() {
        lines.values().forEach(Line::gone);
        wire.close();
    }
}
