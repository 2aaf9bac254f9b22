package org.simreg.worker.reduce;

import java.nio.FloatBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import org.simreg.worker.reduce.Head.Kind;
import org.simreg.worker.reduce.Head.Place;

/**
 * The sum of a step, piece by piece: partial sums go to the owner of their segment, who joins them
 * in the order of the tree and sends the sum to all. It belongs to the line's thread.
 */
final class Sums implements Line.Receiver {
    private static final Runnable NOTHING = () -> {};

    private final Circle circle;
    private final Joining joining;
    private final Segments segments;
    private final FloatBuffer result;
    private final Ends ends;
    private final float[][][] waiting;
    private final Deque<float[]> free = new ArrayDeque<>();
    private final Deque<Frame> ahead = new ArrayDeque<>();
    private Line line;
    private long step = -1;
    private int missing;

    /** What comes of it. */
    interface Ends {
        /** The sum of the step is whole. */
        void whole();

        /** It never will be. */
        void broken(String why);
    }

    Sums(Circle circle, Segments segments, FloatBuffer result, Ends ends) {
        this.circle = circle;
        this.segments = segments;
        this.result = result;
        this.ends = ends;
        joining = new Joining(circle);
        waiting = new float[segments.chunks(circle.rank())][joining.nodes()][];
    }

    Joining joining() {
        return joining;
    }

    void on(Line line) {
        this.line = line;
    }

    void begin(long step) {
        this.step = step;
        missing = segments.chunks();
        int held = ahead.size();
        for (int i = 0; i < held; i++) {
            arrived(ahead.remove());
        }
    }

    /**
     * A subtree's sum of this member.
     *
     * @param values unchanged until the step has its sum
     */
    void offer(int part, FloatBuffer values) {
        int own = circle.rank();
        for (int away = 1; away < segments.members(); away++) {
            int rank = (own + away) % segments.members();
            for (int chunk = 0; chunk < segments.chunks(rank); chunk++) {
                int start = segments.start(rank, chunk);
                FloatBuffer piece = values.slice(start, segments.size(rank, chunk));
                Place place = new Place(step, part, start);
                line.send(rank, Kind.PARTIAL, place, Payload.of(piece), NOTHING);
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
        Place place = frame.head().place();
        if (place.step() > step) {
            ahead.add(frame);
        } else if (place.step() < step || !(partial(frame) || sum(frame))) {
            frame.release().run();
            line.breakOff(frame.head().from(), "sent " + place + " of step " + step);
        }
    }

    private boolean partial(Frame frame) {
        Place place = frame.head().place();
        int own = circle.rank();
        int chunk = segments.chunkAt(own, place.position());
        if (frame.head().kind() != Kind.PARTIAL
                || chunk < 0
                || frame.head().length() != segments.size(own, chunk) * Float.BYTES
                || !joining.owns(frame.head().from(), place.slot())) {
            return false;
        }
        float[] piece = piece();
        frame.floats().get(piece, 0, segments.size(own, chunk));
        line.done(frame);
        join(chunk, place.slot(), piece);
        return true;
    }

    private boolean sum(Frame frame) {
        int owner = frame.head().from();
        int position = frame.head().place().position();
        int chunk = segments.chunkAt(owner, position);
        if (frame.head().kind() != Kind.SUM
                || chunk < 0
                || frame.head().length() != segments.size(owner, chunk) * Float.BYTES) {
            return false;
        }
        result.put(position, frame.floats(), 0, segments.size(owner, chunk));
        line.done(frame);
        arrivedSum();
        return true;
    }

    private void join(int chunk, int part, float[] piece) {
        int own = circle.rank();
        int size = segments.size(own, chunk);
        float[] sum =
                joining.join(waiting[chunk], part, piece, (left, right) -> add(left, right, size));
        if (sum != null) {
            int start = segments.start(own, chunk);
            result.put(start, sum, 0, size);
            spread(new Place(step, 0, start), sum, size);
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

    /** Not out of the result: that is divided and overwritten while a slow peer still waits. */
    private void spread(Place place, float[] sum, int size) {
        int[] left = {segments.members() - 1};
        Runnable sent =
                () -> {
                    if (--left[0] == 0) {
                        free.push(sum);
                    }
                };
        for (int away = 1; away < segments.members(); away++) {
            int rank = (circle.rank() + away) % segments.members();
            line.send(rank, Kind.SUM, place, Payload.of(FloatBuffer.wrap(sum, 0, size)), sent);
        }
    }

    private void arrivedSum() {
        if (--missing == 0) {
            ends.whole();
        }
    }

    private float[] piece() {
        return free.isEmpty() ? new float[segments.chunk()] : free.pop();
    }

    @Override
    public void broken(String why) {
        ends.broken(why);
    }
}
