package org.simreg.worker.exchange.ahead;

import java.util.List;
import org.simreg.proto.Help;
import org.simreg.worker.base.concurrent.SerialThread;
import org.simreg.worker.exchange.mesh.Frame;
import org.simreg.worker.exchange.mesh.FrameHeader;
import org.simreg.worker.exchange.mesh.PeerMesh;
import org.simreg.worker.exchange.mesh.PeerTransport;
import org.simreg.worker.exchange.mesh.Peers;

/**
 * A connection between two workers of which one computes features for the other, over the transport that gradients
 * travel by: a mesh of two. A fault of it ends it and nothing else. Its methods are called on its thread, but for those
 * that say otherwise.
 */
final class FeatureLane {
    /** Rank of the worker that computes. */
    static final int GIVER = 0;

    /** Rank of the worker that gets what is computed. */
    static final int TAKER = 1;

    private static final Runnable NOTHING = () -> {};

    /** The end of a lane; called on its thread. */
    interface End {
        /** A frame; its bytes are given back when this returns. */
        void take(Frame frame);

        /** Nothing comes or goes any more. */
        void broken(String why);
    }

    private final PeerTransport transport;
    private final SerialThread thread;
    private final End end;
    private final PeerMesh mesh;
    private final int other;
    private boolean broken;

    /**
     * @param two the workers at its ends, in order of rank
     * @param thread stays the caller's
     */
    FeatureLane(PeerTransport transport, Peers two, FrameHeader.Use use, SerialThread thread, End end) {
        this.transport = transport;
        this.thread = thread;
        this.end = end;
        other = GIVER + TAKER - two.rank();
        mesh = new PeerMesh(two, use, thread, new Receiver());
    }

    /** Any thread: connects it. */
    void open() {
        transport.open(mesh, true);
    }

    /** A helper and a member as the ends of a lane. */
    record Ends(Help.Helper helper, String member, String address) {
        Peers peers(Help help, int rank) {
            // Lanes of a process differ by their other ends, which the name of the mesh tells.
            String name = help.getJob() + "/" + helper.getWorker() + "/" + member;
            return new Peers(
                    name,
                    help.getNumber(),
                    rank,
                    List.of(
                            new Peers.Peer(helper.getWorker(), helper.getAddress(), 0, 1),
                            new Peers.Peer(member, address, 1, 1)));
        }
    }

    /**
     * The ends of a lane from a member to the one that leads its generation, rank 0.
     *
     * @param member rank of the one
     * @param end rank of this worker in the lane
     */
    static Peers ends(Peers generation, int member, int end) {
        Peers.Peer giver = generation.get(member);
        Peers.Peer taker = generation.get(0);
        return new Peers(
                generation.job() + "/" + giver.worker(),
                generation.generation(),
                end,
                List.of(
                        new Peers.Peer(giver.worker(), giver.address(), GIVER, 1),
                        new Peers.Peer(taker.worker(), taker.address(), TAKER, 1)));
    }

    /** Any thread: sends as soon as the other end allows it. */
    void send(FrameHeader.Kind kind, FrameHeader.Place place, Frame.Payload payload, Runnable sent) {
        thread.post(() -> mesh.send(other, kind, place, payload, sent));
    }

    /** Any thread: the same for a frame that is its place. */
    void send(FrameHeader.Kind kind, FrameHeader.Place place) {
        send(kind, place, Frame.Payload.NONE, NOTHING);
    }

    /** Most floats of a payload. */
    int chunk() {
        return transport.chunk();
    }

    /** What the other end sends can't be used. */
    void refuse(String why) {
        mesh.breakOff(other, why);
    }

    /** Any thread: closes it. */
    void close() {
        thread.post(() -> {
            mesh.stop();
            transport.close(mesh);
        });
    }

    /** The receiver of the mesh. */
    private final class Receiver implements PeerMesh.Receiver {
        @Override
        public void arrived(Frame frame) {
            try {
                if (!broken) {
                    end.take(frame);
                }
            } finally {
                mesh.done(frame);
            }
        }

        @Override
        public void broken(String why) {
            if (!broken) {
                broken = true;
                mesh.leave(); // the other end doesn't wait for what won't come
                end.broken(why);
            }
        }
    }
}
