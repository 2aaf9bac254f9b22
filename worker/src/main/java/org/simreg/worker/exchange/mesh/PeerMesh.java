package org.simreg.worker.exchange.mesh;

import java.util.Arrays;
import org.simreg.worker.base.concurrent.SerialThread;

/**
 * The links of one member of a generation to all others, for one use. Its methods are called on the
 * thread that it was given, but for those that say otherwise.
 */
public final class PeerMesh {
    /** The receiver of a mesh's frames; called on the mesh's thread. */
    public interface Receiver {
        /** A frame that is whole, in order and in time; the receiver takes it over. */
        void arrived(Frame frame);

        /** A peer can't be reached, or what it sends can't be trusted. Comes once or more. */
        void broken(String why);
    }

    private final Peers peers;
    private final FrameHeader.Key key;
    private final SerialThread owner;
    private final Receiver receiver;
    private final PeerLink[] links;
    private Runnable whenIdle;
    private boolean broken;

    /**
     * @param owner the thread it belongs to; stays the caller's
     */
    public PeerMesh(Peers peers, FrameHeader.Use use, SerialThread owner, Receiver receiver) {
        this.peers = peers;
        key = FrameHeader.Key.of(peers, use);
        this.owner = owner;
        this.receiver = receiver;
        links = new PeerLink[peers.size()];
    }

    FrameHeader.Key key() {
        return key;
    }

    /** Any thread: makes the links and asks every peer what it allows. */
    void connect(PeerTransport transport, boolean letIn) {
        owner.post(() -> {
            for (int rank = 0; rank < links.length; rank++) {
                if (rank != peers.rank()) {
                    links[rank] = new PeerLink(key, peers.rank(), link(transport, rank));
                    links[rank].begin(letIn);
                }
            }
        });
    }

    private FrameWire.Link link(PeerTransport transport, int rank) {
        String address = peers.get(rank).address();
        return transport.link(address, why -> lost(rank, "can't be reached at " + address + ": " + why));
    }

    /** Lets frames of a peer come, if they weren't let in from the start. */
    public void letIn(int rank) {
        links[rank].open();
    }

    /** Sends as soon as the peer allows it, then runs {@code sent}. */
    public void send(int rank, FrameHeader.Kind kind, FrameHeader.Place place, Frame.Payload payload, Runnable sent) {
        if (!broken) {
            links[rank].send(kind, place, payload, sent);
        }
    }

    /** A frame isn't needed any more: gives its bytes back, and its sender a credit. */
    public void done(Frame frame) {
        frame.release().run();
        if (!broken) {
            links[frame.header().from()].consumed();
        }
    }

    /** Runs a task once everything is sent, or never will be. */
    public void onceIdle(Runnable task) {
        whenIdle = task;
        runIfIdle();
    }

    private void runIfIdle() {
        if (whenIdle != null && Arrays.stream(links).allMatch(link -> link == null || link.idle())) {
            Runnable task = whenIdle;
            whenIdle = null;
            task.run();
        }
    }

    /** Forgets what waits to be sent; nothing is sent from now on. */
    public void stop() {
        broken = true;
        for (PeerLink link : links) {
            if (link != null) {
                link.clear();
            }
        }
        runIfIdle();
    }

    /** Tells the peers that nothing comes or goes any more, and stops. */
    public void leave() {
        for (PeerLink link : links) {
            if (link != null) {
                link.gone();
            }
        }
        stop();
    }

    /** Any thread. */
    void arrived(Frame frame) {
        if (!owner.post(() -> accept(frame))) {
            frame.release().run();
        }
    }

    /** Any thread. */
    void lost(int rank, String why) {
        if (rank < links.length) {
            owner.post(() -> breakOff(rank, why));
        }
    }

    /** Any thread: tells the peers that this process's transport is closed. */
    void gone() {
        owner.post(() -> {
            for (PeerLink link : links) {
                if (link != null) {
                    link.gone();
                }
            }
            receiver.broken("the connections of this worker are closed");
        });
    }

    private void accept(Frame frame) {
        FrameHeader header = frame.header();
        int from = header.from();
        if (broken || from >= links.length || links[from] == null) {
            frame.release().run();
        } else if (!frame.intact()) {
            frame.release().run();
            breakOff(from, "sent a frame that was damaged on its way (CRC32C differs)");
        } else {
            switch (header.kind()) {
                case GRANT -> {
                    frame.release().run();
                    links[from].allow(header.sequence(), header.place().slot() == 1);
                    runIfIdle();
                }
                case END -> frame.release().run();
                case GONE -> {
                    frame.release().run();
                    breakOff(from, "has closed its connections");
                }
                default -> take(frame, links[from]);
            }
        }
    }

    private void take(Frame frame, PeerLink link) {
        if (link.follows(frame.header().sequence())) {
            receiver.arrived(frame);
        } else {
            frame.release().run();
            breakOff(frame.header().from(), "lost frames on the way, or sent more than allowed");
        }
    }

    /** Tells the receiver that what a peer sent can't be used, and why. */
    public void breakOff(int rank, String why) {
        receiver.broken("worker " + peers.get(rank).worker() + " " + why);
    }

    /** Closes the links; the mesh's thread has ended or calls it. */
    void close() {
        for (PeerLink link : links) {
            if (link != null) {
                link.close();
            }
        }
    }
}
