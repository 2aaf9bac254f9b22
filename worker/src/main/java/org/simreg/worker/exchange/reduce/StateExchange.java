package org.simreg.worker.exchange.reduce;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import org.simreg.worker.base.concurrent.Abandoned;
import org.simreg.worker.base.concurrent.SerialThread;
import org.simreg.worker.exchange.mesh.Frame;
import org.simreg.worker.exchange.mesh.FrameHeader;
import org.simreg.worker.exchange.mesh.PeerMesh;
import org.simreg.worker.exchange.mesh.PeerTransport;
import org.simreg.worker.exchange.mesh.Peers;

/**
 * The transfer of a member's state to others of its generation while that goes on: newcomers get
 * weights and momentum from a peer. It works on a thread of its own.
 */
public final class StateExchange implements AutoCloseable {
    private static final Runnable NOTHING = () -> {};

    private final PeerTransport transport;
    private final Peers peers;
    private final SerialThread thread;
    private final PeerMesh mesh;
    private final Map<Integer, Incoming> incoming = new ConcurrentHashMap<>();
    private volatile Throwable end;

    /**
     * A state that was received from a peer.
     *
     * @param step steps committed to it
     * @param vectors as they were served
     * @param sha256 as it was served; not compared with the vectors
     */
    public record Received(long step, List<float[]> vectors, String sha256) {
        public Received {
            vectors = List.copyOf(vectors);
        }
    }

    /**
     * @param transport stays the caller's
     * @param peers the generation; begins here only once
     */
    public StateExchange(PeerTransport transport, Peers peers) {
        this.transport = transport;
        this.peers = peers;
        thread = new SerialThread("simreg-state", this::end);
        mesh = new PeerMesh(peers, FrameHeader.Use.STATE, thread, new Receiver());
        try {
            transport.open(mesh, false);
        } catch (IllegalStateException e) {
            thread.close();
            throw e;
        }
    }

    /**
     * Sends a state as fast as the peer takes it; returns at once.
     *
     * @param vectors sent from where they are: unchanged until this is closed
     * @param sha256 of the state
     */
    public void serve(int toRank, long step, List<float[]> vectors, String sha256) {
        List<float[]> served = List.copyOf(vectors);
        thread.post(() -> send(toRank, step, served, sha256));
    }

    private void send(int rank, long step, List<float[]> vectors, String sha256) {
        mesh.send(
                rank,
                FrameHeader.Kind.CONTENTS,
                new FrameHeader.Place(step, 0, 0),
                Frame.Payload.of(contents(vectors, sha256)),
                NOTHING);
        int chunk = transport.chunk();
        for (int slot = 0; slot < vectors.size(); slot++) {
            float[] vector = vectors.get(slot);
            for (int at = 0; at < vector.length; at += chunk) {
                FloatBuffer piece = FloatBuffer.wrap(vector, at, Math.min(chunk, vector.length - at));
                mesh.send(
                        rank,
                        FrameHeader.Kind.VALUES,
                        new FrameHeader.Place(step, slot, at),
                        Frame.Payload.of(piece),
                        NOTHING);
            }
        }
    }

    private static ByteBuffer contents(List<float[]> vectors, String sha256) {
        byte[] digest = sha256.getBytes(StandardCharsets.UTF_8);
        ByteBuffer contents = ByteBuffer.allocate((vectors.size() + 1) * Integer.BYTES + digest.length)
                .order(ByteOrder.LITTLE_ENDIAN);
        contents.putInt(vectors.size());
        vectors.forEach(vector -> contents.putInt(vector.length));
        return contents.put(digest).flip();
    }

    /**
     * Asks for the state that a peer serves, before or after this call.
     *
     * @param lengths of the state's vectors, as this member knows them; memory is taken for nothing else
     * @return fails with {@link Abandoned} as its cause if it won't come
     */
    public Future<Received> fetch(int fromRank, List<Integer> lengths) {
        if (Objects.checkIndex(fromRank, peers.size()) == peers.rank()) {
            throw new IllegalArgumentException("rank " + fromRank + " is this worker's own");
        }
        Incoming asked = new Incoming(lengths);
        if (incoming.putIfAbsent(fromRank, asked) != null) {
            throw new IllegalStateException("the state of rank " + fromRank + " is asked for already");
        }
        Throwable ended = end;
        if (ended != null) {
            asked.future.completeExceptionally(ended);
        }
        thread.post(() -> mesh.letIn(fromRank));
        return asked.future;
    }

    /** Stops sending and waiting; any thread may call it. */
    public void abandon(String reason) {
        end(new Abandoned(reason));
        thread.post(mesh::stop);
    }

    /** Any thread: what is waited for won't come. */
    private void end(Throwable why) {
        end = why;
        incoming.values().forEach(state -> state.future.completeExceptionally(why));
    }

    @Override
    public void close() {
        abandon("the generation is over");
        thread.close();
        transport.close(mesh);
    }

    /** The receiver of other members' states; called on the mesh's thread. */
    private final class Receiver implements PeerMesh.Receiver {
        @Override
        public void arrived(Frame frame) {
            int from = frame.header().from();
            Incoming state = incoming.get(from);
            boolean good = state != null && state.take(frame);
            mesh.done(frame);
            if (!good) {
                mesh.breakOff(
                        from, "sent a state that is none: " + frame.header().place());
            } else if (state.missing == 0) {
                incoming.remove(from);
                state.future.complete(state.state);
            }
        }

        @Override
        public void broken(String why) {
            end(new Abandoned(why));
        }
    }

    /** A state that is being received; all but the future belongs to the mesh's thread. */
    private static final class Incoming {
        private final CompletableFuture<Received> future = new CompletableFuture<>();
        private final List<Integer> lengths;
        private Received state;
        private long missing;

        Incoming(List<Integer> lengths) {
            this.lengths = List.copyOf(lengths);
        }

        /** Whether the frame was part of a state. */
        boolean take(Frame frame) {
            return frame.header().kind() == FrameHeader.Kind.CONTENTS ? begin(frame) : add(frame);
        }

        private boolean begin(Frame frame) {
            ByteBuffer contents = frame.payload();
            if (state != null || !isExpected(contents)) {
                return false;
            }
            List<float[]> vectors =
                    lengths.stream().map(length -> new float[length]).toList();
            missing = lengths.stream().mapToLong(Integer::longValue).sum();
            String sha256 = StandardCharsets.UTF_8.decode(contents).toString();
            state = new Received(frame.header().place().step(), vectors, sha256);
            return true;
        }

        /** Whether these are the lengths that were asked for; what follows them is left. */
        private boolean isExpected(ByteBuffer contents) {
            return contents.remaining() >= (lengths.size() + 1) * Integer.BYTES
                    && contents.getInt() == lengths.size()
                    && lengths.stream().allMatch(length -> contents.getInt() == length);
        }

        private boolean add(Frame frame) {
            FrameHeader.Place place = frame.header().place();
            int count = frame.header().length() / Float.BYTES;
            if (frame.header().kind() != FrameHeader.Kind.VALUES
                    || state == null
                    || place.slot() < 0
                    || place.slot() >= state.vectors().size()) {
                return false;
            }
            float[] vector = state.vectors().get(place.slot());
            if (place.position() < 0 || place.position() > vector.length - count || count > missing) {
                return false;
            }
            frame.floats().get(vector, place.position(), count);
            missing -= count;
            return true;
        }
    }
}
