package org.simreg.worker.exchange.ahead;

import java.nio.FloatBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import org.simreg.worker.base.concurrent.Abandoned;
import org.simreg.worker.base.concurrent.SerialThread;
import org.simreg.worker.exchange.ahead.SharedPass.Place;
import org.simreg.worker.exchange.mesh.Frame;
import org.simreg.worker.exchange.mesh.FrameHeader;
import org.simreg.worker.exchange.mesh.PeerTransport;
import org.simreg.worker.exchange.mesh.Peers;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The parts of an evaluation's features on their way from a member to the one that leads. A few may wait here until
 * that one collects their pass; what it wants no more is forgotten. Safe for use by any thread.
 */
public final class PartOutbox implements EvaluationShares {
    private static final Logger LOG = LoggerFactory.getLogger(PartOutbox.class);

    /** Batches that wait or are on their way, at most. */
    private static final int MOST = 8;

    private static final Runnable NOTHING = () -> {};

    private final SerialThread thread = new SerialThread("simreg-parts", PartOutbox::failed);
    private final int members;
    private final int rank;
    private final FeatureLane lane;
    private final Deque<Part> waiting = new ArrayDeque<>();
    private Place last = new Place(-1, 0);
    private Place at = new Place(-1, 0);
    private boolean collected;
    private int sending;
    private boolean broken;

    /**
     * A batch of a pass.
     *
     * @param values row by row; none: it is left to the one that leads
     */
    private record Part(SharedPass pass, int batch, float[] values) {}

    PartOutbox(PeerTransport transport, Peers peers) {
        members = peers.size();
        rank = peers.rank();
        Peers two = FeatureLane.ends(peers, rank, FeatureLane.GIVER);
        lane = new FeatureLane(transport, two, FrameHeader.Use.PARTS, thread, new Words());
        lane.open();
    }

    private static void failed(Throwable e) {
        LOG.warn("Features could not be sent", e);
    }

    /** Members that share. */
    public int members() {
        return members;
    }

    /** Rank of this one, at least 1. */
    public int rank() {
        return rank;
    }

    /** Whether batches of a pass are still of use: it isn't over, and who collects it can be reached. */
    public synchronized boolean wants(SharedPass pass) {
        return !broken && at.compareTo(pass.place()) <= 0;
    }

    /**
     * Sends a batch once its pass is collected.
     *
     * @param values (n, D) row by row; unchanged from now on
     */
    public void send(SharedPass pass, int batch, float[] values) {
        add(new Part(pass, batch, values));
    }

    /** Leaves a batch to the one that leads. */
    public void leave(SharedPass pass, int batch) {
        add(new Part(pass, batch, new float[0]));
    }

    private synchronized void add(Part part) {
        last = part.pass.place();
        waiting.add(part);
        sendCollected();
    }

    private void sendCollected() {
        while (!waiting.isEmpty()) {
            Part next = waiting.peek();
            boolean wanted = wants(next.pass);
            if (wanted && !(collected && at.equals(next.pass.place()))) {
                return;
            }
            waiting.remove();
            if (wanted) {
                send(next);
            }
        }
    }

    private void send(Part part) {
        sending++;
        SharedPass pass = part.pass;
        float[] values = part.values;
        int rows = values.length == 0 ? 0 : pass.rowsOf(part.batch);
        FeatureHeader header = FeatureHeader.of(
                values, rows, pass.rows().width(), pass.origin().word());
        lane.send(
                FrameHeader.Kind.FEATURES,
                place(pass, part.batch),
                Frame.Payload.of(header.bytes()),
                rows == 0 ? this::sent : NOTHING);
        int chunk = lane.chunk();
        for (int from = 0; from < values.length; from += chunk) {
            int count = Math.min(chunk, values.length - from);
            Runnable sent = from + count < values.length ? NOTHING : this::sent;
            Frame.Payload piece = Frame.Payload.of(FloatBuffer.wrap(values, from, count));
            lane.send(FrameHeader.Kind.VALUES, place(pass, from), piece, sent);
        }
    }

    private static FrameHeader.Place place(SharedPass pass, int position) {
        return new FrameHeader.Place(pass.place().step(), pass.place().slot(), position);
    }

    private synchronized void sent() {
        sending--;
        notifyAll();
    }

    /**
     * Waits until another batch may be sent or none is wanted, at most a while.
     *
     * @return whether it needn't be waited for any more
     */
    public synchronized boolean awaitRoom(SharedPass pass, long ms) {
        if (!hasRoom(pass)) {
            await(ms);
        }
        return hasRoom(pass);
    }

    private boolean hasRoom(SharedPass pass) {
        return !wants(pass) || waiting.size() + sending < MOST;
    }

    /**
     * Waits until the one that leads has all that it wants of what was sent, at most a while.
     *
     * @return whether it has
     */
    public synchronized boolean awaitCollected(long ms) {
        if (!isCollected()) {
            await(ms);
        }
        return isCollected();
    }

    private boolean isCollected() {
        return broken || at.compareTo(last) > 0 || last.step() < 0;
    }

    private void await(long ms) {
        try {
            TimeUnit.MILLISECONDS.timedWait(this, ms);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Abandoned("interrupted while waiting for the one that leads");
        }
    }

    @Override
    public void close() {
        lane.close();
        thread.close();
    }

    /** What the one that leads says. */
    private final class Words implements FeatureLane.End {
        @Override
        public void take(Frame frame) {
            FrameHeader.Place place = frame.header().place();
            if (frame.header().kind() != FrameHeader.Kind.AT) {
                lane.refuse("sent something to a member that is no pass");
                return;
            }
            synchronized (PartOutbox.this) {
                at = new Place(place.step(), place.slot());
                collected = place.position() == 1;
                sendCollected();
                PartOutbox.this.notifyAll();
            }
        }

        @Override
        public void broken(String why) {
            LOG.info("No features go to the one that leads any more: {}", why);
            synchronized (PartOutbox.this) {
                broken = true;
                waiting.clear();
                PartOutbox.this.notifyAll();
            }
        }
    }
}
