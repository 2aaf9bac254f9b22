package org.simreg.worker.reduce;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.simreg.worker.reduce.Head.Kind;
import org.simreg.worker.reduce.Head.Place;
import org.simreg.worker.reduce.StateExchange.Received;

/** The states that go out and come in. It belongs to the line's thread, but for what says so. */
final class States implements Line.Receiver {
    private static final Runnable NOTHING = () -> {};

    private final Circle circle;
    private final int chunk;
    private final Map<Integer, Incoming> incoming = new ConcurrentHashMap<>();
    private Line line;
    private volatile Throwable end;

    /** A state on its way here; all but the future belongs to the line's thread. */
    private static final class Incoming {
        final CompletableFuture<Received> future = new CompletableFuture<>();
        Received state;
        long missing;
    }

    /**
     * @param chunk most floats of a payload
     */
    States(Circle circle, int chunk) {
        this.circle = circle;
        this.chunk = chunk;
    }

    void on(Line line) {
        this.line = line;
    }

    void serve(int rank, long step, List<float[]> vectors, String sha256) {
        line.send(
                rank,
                Kind.CONTENTS,
                new Place(step, 0, 0),
                Payload.of(contents(vectors, sha256)),
                NOTHING);
        for (int slot = 0; slot < vectors.size(); slot++) {
            float[] vector = vectors.get(slot);
            for (int at = 0; at < vector.length; at += chunk) {
                FloatBuffer piece =
                        FloatBuffer.wrap(vector, at, Math.min(chunk, vector.length - at));
                Place place = new Place(step, slot, at);
                line.send(rank, Kind.VALUES, place, Payload.of(piece), NOTHING);
            }
        }
    }

    private static ByteBuffer contents(List<float[]> vectors, String sha256) {
        byte[] digest = sha256.getBytes(StandardCharsets.UTF_8);
        ByteBuffer contents =
                ByteBuffer.allocate((vectors.size() + 1) * Integer.BYTES + digest.length)
                        .order(ByteOrder.LITTLE_ENDIAN);
        contents.putInt(vectors.size());
        vectors.forEach(vector -> contents.putInt(vector.length));
        return contents.put(digest).flip();
    }

    /** Any thread. */
    CompletableFuture<Received> fetch(int rank, OwnThread thread) {
        Incoming asked = new Incoming();
        if (rank == circle.rank() || incoming.putIfAbsent(rank, asked) != null) {
            throw new IllegalStateException("the state of rank " + rank + " is asked for already");
        }
        Throwable ended = end;
        if (ended != null) {
            asked.future.completeExceptionally(ended);
        }
        thread.post(() -> line.open(rank));
        return asked.future;
    }

    @Override
    public void arrived(Frame frame) {
        Incoming state = incoming.get(frame.head().from());
        boolean good =
                state != null
                        && (frame.head().kind() == Kind.CONTENTS
                                ? begin(state, frame)
                                : add(state, frame));
        line.done(frame);
        if (!good) {
            line.breakOff(
                    frame.head().from(), "sent a state that is none: " + frame.head().place());
        } else if (state.missing == 0) {
            incoming.remove(frame.head().from());
            state.future.complete(state.state);
        }
    }

    private static boolean begin(Incoming incoming, Frame frame) {
        ByteBuffer contents = frame.payload();
        int[] lengths = new int[contents.getInt()];
        for (int i = 0; i < lengths.length; i++) {
            lengths[i] = contents.getInt();
            incoming.missing += lengths[i];
        }
        List<float[]> vectors =
                java.util.Arrays.stream(lengths).mapToObj(length -> new float[length]).toList();
        String sha256 = StandardCharsets.UTF_8.decode(contents).toString();
        incoming.state = new Received(frame.head().place().step(), vectors, sha256);
        return true;
    }

    private static boolean add(Incoming incoming, Frame frame) {
        Place place = frame.head().place();
        int count = frame.head().length() / Float.BYTES;
        if (frame.head().kind() != Kind.VALUES
                || incoming.state == null
                || place.slot() >= incoming.state.vectors().size()) {
            return false;
        }
        float[] vector = incoming.state.vectors().get(place.slot());
        if (place.position() < 0 || place.position() > vector.length - count) {
            return false;
        }
        frame.floats().get(vector, place.position(), count);
        incoming.missing -= count;
        return true;
    }

    /** Any thread: what is waited for won't come. */
    void end(Throwable why) {
        end = why;
        incoming.values().forEach(state -> state.future.completeExceptionally(why));
    }

    @Override
    public void broken(String why) {
        end(new Abandoned(why));
    }
}
