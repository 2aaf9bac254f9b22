package org.simreg.worker.reduce;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * One peer, as a line sees it: what waits to be sent to it, and the credits of both directions. The
 * receiver says how many frames the sender may have sent by now; so each end keeps at most {@link
 * #WINDOW} frames of the other, whatever happens to it.
 */
final class Way {
    /** Frames that may be on the way or unread. */
    static final int WINDOW = 16;

    private static final int GRANTED_AT_ONCE = WINDOW / 4;

    private final Key key;
    private final int self;
    private final Wire.Link link;
    private final Deque<Outgoing> waiting = new ArrayDeque<>();
    private long sent;
    private long allowed;
    private long received;
    private long consumed;
    private long granted;
    private boolean open;

    private record Outgoing(Head.Kind kind, Head.Place place, Payload payload, Runnable sent) {}

    /**
     * @param self rank of this worker
     */
    Way(Key key, int self, Wire.Link link) {
        this.key = key;
        this.self = self;
        this.link = link;
    }

    /** Sends as soon as the peer allows it, then runs {@code sent}. */
    void send(Head.Kind kind, Head.Place place, Payload payload, Runnable sent) {
        waiting.add(new Outgoing(kind, place, payload, sent));
        pump();
    }

    private void pump() {
        while (sent < allowed && !waiting.isEmpty()) {
            Outgoing next = waiting.remove();
            sent++;
            int length = next.payload.bytes();
            link.send(new Head(key, next.kind, self, sent, next.place, length), next.payload);
            next.sent.run();
        }
    }

    /** Says what is granted and asks what the peer grants. */
    void begin(boolean open) {
        this.open = open;
        grant(true);
    }

    /** Lets frames of the peer come. */
    void open() {
        open = true;
        grant(false);
    }

    /** Says what is granted; asks for the same if wanted. */
    private void grant(boolean ask) {
        granted = open ? consumed + WINDOW : 0;
        Head.Place place = new Head.Place(0, ask ? 1 : 0, 0);
        link.send(new Head(key, Head.Kind.GRANT, self, granted, place, 0), Payload.NONE);
    }

    /** The peer has allowed so many frames in all, and may ask for the same. */
    void allow(long frames, boolean asks) {
        allowed = Math.max(allowed, frames);
        if (asks) {
            grant(false);
        }
        pump();
    }

    /** Whether this is the frame after the last one, and was allowed. */
    boolean follows(long sequence) {
        received++;
        return sequence == received && received <= granted;
    }

    /** A frame of the peer needs no memory any more. */
    void consumed() {
        consumed++;
        if (consumed + WINDOW - granted >= GRANTED_AT_ONCE) {
            grant(false);
        }
    }

    boolean idle() {
        return waiting.isEmpty();
    }

    void clear() {
        waiting.clear();
    }

    void gone() {
        say(Head.Kind.GONE);
    }

    void close() {
        clear();
        say(Head.Kind.END);
        link.close();
    }

    private void say(Head.Kind kind) {
        link.send(new Head(key, kind, self, 0, Head.Place.NONE, 0), Payload.NONE);
    }
}
