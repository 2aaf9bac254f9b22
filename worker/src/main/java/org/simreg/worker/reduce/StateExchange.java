package org.simreg.worker.reduce;

import java.util.List;
import java.util.concurrent.Future;
import org.simreg.worker.reduce.Key.Use;

/**
 * Sends the state of a member to others of its circle, while the generation goes on: newcomers get
 * weights and momentum from a peer. Works on a thread of its own.
 */
public final class StateExchange implements AutoCloseable {
    private final Switchboard switchboard;
    private final OwnThread thread;
    private final Line line;
    private final States states;

    /**
     * The state of a peer.
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
     * @param lanes stay the caller's
     * @param circle the generation; begins here only once
     */
    public StateExchange(Lanes lanes, Circle circle) {
        switchboard = lanes.switchboard();
        states = new States(circle, switchboard.chunk());
        thread = new OwnThread("simreg-state", e -> states.end(e));
        line = new Line(circle, Use.STATE, thread, states);
        states.on(line);
        try {
            switchboard.open(line, false);
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
        thread.post(() -> states.serve(toRank, step, List.copyOf(vectors), sha256));
    }

    /**
     * Asks for the state that a peer serves, before or after this call.
     *
     * @return fails with {@link Abandoned} as its cause if it won't come
     */
    public Future<Received> fetch(int fromRank) {
        return states.fetch(fromRank, thread);
    }

    /** Stops sending and waiting; any thread may call it. */
    public void abandon(String reason) {
        states.end(new Abandoned(reason));
        thread.post(line::stop);
    }

    @Override
    public void close() {
        abandon("the generation is over");
        thread.close();
        switchboard.close(line);
    }
}
