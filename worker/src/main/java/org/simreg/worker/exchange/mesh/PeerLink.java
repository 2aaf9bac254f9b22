package org.simreg.worker.exchange.mesh;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * The link to one peer: the frames that wait to be sent to it, and the credits of both directions.
 * The receiver grants a number of frames that the sender may have sent by now, so each end keeps at
 * most {@link #WINDOW} frames of the other, whatever happens to it.
 */
public final class PeerLink {
    /** Frames that may be on the way or unread. */
    public static final int WINDOW = 16;

    /** Least number of new credits in one grant: one for each frame would double the frames. */
    private static final int GRANTED_AT_ONCE = WINDOW / 4;

    private final FrameHeader.Key key;
    private final int self;
    private final FrameWire.Link link;
    private final Deque<Outgoing> waiting = new ArrayDeque<>();
    private long sent;
    private long allowed;
    private long received;
    private long consumed;
    private long granted;
    private boolean open;

    /** A frame that waits for a credit. */
    private record Outgoing(FrameHeader.Kind kind, FrameHeader.Place place, Frame.Payload payload, Runnable sent) {}

    /**
     * @param self rank of this worker
     */
    PeerLink(FrameHeader.Key key, int self, FrameWire.Link link) {
        this.key = key;
        this.self = self;
        this.link = link;
    }

    /** Sends as soon as the peer allows it, then runs {@code sent}. */
    void send(FrameHeader.Kind kind, FrameHeader.Place place, Frame.Payload payload, Runnable sent) {
        waiting.add(new Outgoing(kind, place, payload, sent));
        sendAllowed();
    }

    private void sendAllowed() {
        while (sent < allowed && !waiting.isEmpty()) {
            Outgoing next = waiting.remove();
            sent++;
            int length = next.payload.bytes();
            link.send(new FrameHeader(key, next.kind, self, sent, next.place, length), next.payload);
            next.sent.run();
        }
    }

    /** Tells the peer what is granted and asks for its grant. */
    void begin(boolean open) {
        this.open = open;
        grant(true);
    }

    /** Lets frames of the peer come. */
    void open() {
        open = true;
        grant(false);
    }

    /** Tells the peer what is granted, and asks for its grant if wanted. */
    private void grant(boolean ask) {
        granted = open ? consumed + WINDOW : 0;
        control(FrameHeader.Kind.GRANT, granted, new FrameHeader.Place(0, ask ? 1 : 0, 0));
    }

    /** Takes a grant: so many frames in all may be sent; the peer may ask for a grant in return. */
    void allow(long frames, boolean asks) {
        allowed = Math.max(allowed, frames);
        if (asks) {
            grant(false);
        }
        sendAllowed();
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
        control(FrameHeader.Kind.GONE, 0, FrameHeader.Place.NONE);
    }

    void close() {
        clear();
        control(FrameHeader.Kind.END, 0, FrameHeader.Place.NONE);
        link.close();
    }

    /** Sends a frame that takes no credit and has no payload. */
    private void control(FrameHeader.Kind kind, long sequence, FrameHeader.Place place) {
        link.send(new FrameHeader(key, kind, self, sequence, place, 0), Frame.Payload.NONE);
    }
}
