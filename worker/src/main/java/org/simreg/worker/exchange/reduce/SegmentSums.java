package org.simreg.worker.exchange.reduce;

import java.nio.FloatBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import org.simreg.worker.exchange.mesh.Frame;
import org.simreg.worker.exchange.mesh.FrameHeader;
import org.simreg.worker.exchange.mesh.PeerMesh;
import org.simreg.worker.exchange.mesh.Peers;

/**
 * The sum of a step over all members, chunk by chunk: partial sums go to the owner of their
 * segment, who joins them in the order of the tree and sends the sum to all. It belongs to the
 * mesh's thread.
 */
final class SegmentSums implements PeerMesh.Receiver {
    private static final Runnable NOTHING = () -> {};

    private final Peers peers;
    private final TreeJoin tree;
    private final Segments segments;
    private final FloatBuffer result;
    private final Listener listener;
    private final float[][][] waiting;
    private final Deque<float[]> free = new ArrayDeque<>();
    private final Deque<Frame> ahead = new ArrayDeque<>();
    private PeerMesh mesh;
    private long step = -1;
    private int missing;

    /** The listener to the end of a step's sum; called on the mesh's thread. */
    interface Listener {
        /** The sum of the step is whole. */
        void whole();

        /** The sum of this step, and of all later ones, won't come. */
        void broken(String why);
    }

    SegmentSums(Peers peers, Segments segments, FloatBuffer result, Listener listener) {
        this.peers = peers;
        this.segments = segments;
        this.result = result;
        this.listener = listener;
        tree = new TreeJoin(peers);
        waiting = new float[segments.chunks(peers.rank())][tree.nodes()][];
    }

    /** The tree whose upper part is summed here. */
    TreeJoin tree() {
        return tree;
    }

    /** Connects it with the mesh that it receives from; called once. */
    void on(PeerMesh mesh) {
        this.mesh = mesh;
    }

    /** Begins a step; frames of it that came before are taken now. */
    void begin(long step) {
        this.step = step;
        missing = segments.chunks();
        int held = ahead.size();
        for (int i = 0; i < held; i++) {
            arrived(ahead.remove());
        }
    }

    /**
     * Takes the sum of one of this member's subtrees: sends each peer its segment, joins the own.
     *
     * @param values unchanged until the step has its sum
     */
    void offer(int part, FloatBuffer values) {
        int own = peers.rank();
        for (int away = 1; away < segments.members(); away++) {
            int rank = (own + away) % segments.members();
            for (int chunk = 0; chunk < segments.chunks(rank); chunk++) {
                int start = segments.start(rank, chunk);
                FloatBuffer piece = values.slice(start, segments.size(rank, chunk));
                FrameHeader.Place place = new FrameHeader.Place(step, part, start);
                mesh.send(rank, FrameHeader.Kind.PARTIAL, place, Frame.Payload.of(piece), NOTHING);
            }
        }
        for (int chunk = 0; chunk < segments.chunks(own); chunk++) {
            float[] piece = piece();
            values.get(segments.start(own, chunk), piece, 0, segments.size(own, chunk));
            join(chunk, part, piece);
        }
    }

    @Override
    public void arrived(Frame frame) {
        FrameHeader.Place place = frame.header().place();
        if (place.step() > step) {
            ahead.add(frame);
        } else if (place.step() < step || !(partial(frame) || sum(frame))) {
            frame.release().run();
            mesh.breakOff(frame.header().from(), "sent " + place + " of step " + step);
        }
    }

    private boolean partial(Frame frame) {
        FrameHeader.Place place = frame.header().place();
        int own = peers.rank();
        int chunk = segments.chunkAt(own, place.position());
        if (frame.header().kind() != FrameHeader.Kind.PARTIAL
                || chunk < 0
                || frame.header().length() != segments.size(own, chunk) * Float.BYTES
                || !tree.owns(frame.header().from(), place.slot())) {
            return false;
        }
        float[] piece = piece();
        frame.floats().get(piece, 0, segments.size(own, chunk));
        mesh.done(frame);
        join(chunk, place.slot(), piece);
        return true;
    }

    private boolean sum(Frame frame) {
        int owner = frame.header().from();
        int position = frame.header().place().position();
        int chunk = segments.chunkAt(owner, position);
        if (frame.header().kind() != FrameHeader.Kind.SUM
                || chunk < 0
                || frame.header().length() != segments.size(owner, chunk) * Float.BYTES) {
            return false;
        }
        result.put(position, frame.floats(), 0, segments.size(owner, chunk));
        mesh.done(frame);
        arrivedSum();
        return true;
    }

    private void join(int chunk, int part, float[] piece) {
        int own = peers.rank();
        int size = segments.size(own, chunk);
        float[] sum = tree.join(waiting[chunk], part, piece, (left, right) -> add(left, right, size));
        if (sum != null) {
            int start = segments.start(own, chunk);
            result.put(start, sum, 0, size);
            spread(new FrameHeader.Place(step, 0, start), sum, size);
            arrivedSum();
        }
    }

    private float[] add(float[] left, float[] right, int size) {
        for (int i = 0; i < size; i++) {
            left[i] += right[i];
        }
        free.push(right);
        return left;
    }

    /**
     * Sends a sum to all; not out of the result, which is divided while a slow peer still waits.
     */
    private void spread(FrameHeader.Place place, float[] sum, int size) {
        int[] left = {segments.members()};
        Runnable sent = () -> {
            if (--left[0] == 0) {
                free.push(sum);
            }
        };
        for (int away = 1; away < segments.members(); away++) {
            int rank = (peers.rank() + away) % segments.members();
            mesh.send(rank, FrameHeader.Kind.SUM, place, Frame.Payload.of(FloatBuffer.wrap(sum, 0, size)), sent);
        }
        sent.run();
    }

    private void arrivedSum() {
        if (--missing == 0) {
            listener.whole();
        }
    }

    private float[] piece() {
        return free.isEmpty() ? new float[segments.chunk()] : free.pop();
    }

    @Override
    public void broken(String why) {
        listener.broken(why);
    }
}
