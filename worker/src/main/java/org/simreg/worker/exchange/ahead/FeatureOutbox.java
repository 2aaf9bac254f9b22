package org.simreg.worker.exchange.ahead;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.simreg.proto.Generation;
import org.simreg.proto.Help;
import org.simreg.worker.base.concurrent.SerialThread;
import org.simreg.worker.exchange.mesh.Frame;
import org.simreg.worker.exchange.mesh.FrameHeader;
import org.simreg.worker.exchange.mesh.PeerTransport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The lanes from one helper to the members, and where each member is. Safe for use by any thread. */
final class FeatureOutbox implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(FeatureOutbox.class);

    /** Features on their way to one member, at most. */
    private static final int MOST_SENDING = 2;

    private static final Runnable NOTHING = () -> {};

    private final FeatureShape shape;
    private final SerialThread thread = new SerialThread("simreg-features", FeatureOutbox::failed);
    private final List<Lane> lanes = new ArrayList<>();
    private boolean stopped;

    /**
     * @param worker name of this one, one of the order's helpers
     */
    FeatureOutbox(Help help, String worker, PeerTransport transport, FeatureShape shape) {
        this.shape = shape;
        Help.Helper self = help.getHelpersList().stream()
                .filter(helper -> helper.getWorker().equals(worker))
                .findFirst()
                .orElseThrow();
        synchronized (this) {
            for (Generation.Member member : help.getMembersList()) {
                FeatureLane.Ends ends = new FeatureLane.Ends(self, member.getWorker(), member.getAddress());
                lanes.add(new Lane(help, ends, transport));
            }
            lanes.forEach(lane -> lane.lane.open());
        }
    }

    private static void failed(Throwable e) {
        LOG.warn("Features could not be sent", e);
    }

    /** Waits until something has happened, or a while. */
    synchronized void await(long ms) {
        if (!stopped) {
            try {
                TimeUnit.MILLISECONDS.timedWait(this, ms);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                stopped = true;
            }
        }
    }

    /** Ends all waiting. */
    synchronized void stop() {
        stopped = true;
        notifyAll();
    }

    synchronized boolean stopped() {
        return stopped;
    }

    /** The pace of a member; null before it has said where it is, or when it can't be reached. */
    synchronized Pace pace(int member) {
        Lane lane = lanes.get(member);
        return lane.broken || lane.at < 0 ? null : new Pace(lane.at, lane.whole, lane.window, lane.stepNanos);
    }

    /** Whether a member takes more. */
    synchronized boolean takes(int member) {
        Lane lane = lanes.get(member);
        return !lane.broken && lane.sending < MOST_SENDING;
    }

    /**
     * Where a member is, and how fast.
     *
     * @param at the step that it prepares
     * @param whole steps after that one whose features it has
     * @param window steps after that one whose features it keeps
     * @param stepNanos wall time of its steps; 0 before it is known
     */
    record Pace(long at, int whole, int window, double stepNanos) {}

    /** Tells a member that an item is being computed. */
    void started(HelpPlan.Item item) {
        lane(item).lane.send(FrameHeader.Kind.STARTED, place(item, 0));
    }

    private synchronized Lane lane(HelpPlan.Item item) {
        return lanes.get(item.member());
    }

    private FrameHeader.Place place(HelpPlan.Item item, int position) {
        return new FrameHeader.Place(item.step(), item.microBatch() * shape.teachers() + item.teacher(), position);
    }

    /**
     * Sends an item.
     *
     * @param values (N, D), row by row; unchanged from now on
     */
    void send(HelpPlan.Item item, float[] values) {
        Lane to = lane(item);
        FeatureHeader header =
                FeatureHeader.of(values, shape.rows(), shape.widths().get(item.teacher()), shape.profile());
        synchronized (this) {
            to.sending++;
        }
        to.lane.send(FrameHeader.Kind.FEATURES, place(item, 0), Frame.Payload.of(header.bytes()), NOTHING);
        int chunk = to.lane.chunk();
        for (int from = 0; from < values.length; from += chunk) {
            int count = Math.min(chunk, values.length - from);
            Runnable sent = from + count < values.length ? NOTHING : to::sent;
            Frame.Payload piece = Frame.Payload.of(FloatBuffer.wrap(values, from, count));
            to.lane.send(FrameHeader.Kind.VALUES, place(item, from), piece, sent);
        }
    }

    @Override
    public void close() {
        stop();
        synchronized (this) {
            lanes.forEach(lane -> lane.lane.close());
        }
        thread.close();
    }

    /** The lane to one member; its fields are guarded by the outbox. */
    private final class Lane implements FeatureLane.End {
        /** Weight of the newest step in the mean of their times; a pause counts as four steps. */
        private static final double NEWEST = 0.25;

        private static final double LONGEST = 4;

        private final FeatureLane lane;
        private final String member;
        private long at = -1;
        private int whole;
        private int window;
        private long since;
        private double stepNanos;
        private int sending;
        private boolean broken;

        Lane(Help help, FeatureLane.Ends ends, PeerTransport transport) {
            member = ends.member();
            lane = new FeatureLane(
                    transport, ends.peers(help, FeatureLane.GIVER), FrameHeader.Use.FEATURES, thread, this);
        }

        private void sent() {
            synchronized (FeatureOutbox.this) {
                sending--;
                FeatureOutbox.this.notifyAll();
            }
        }

        @Override
        public void take(Frame frame) {
            if (frame.header().kind() != FrameHeader.Kind.AT) {
                lane.refuse("sent something to a helper that is no step");
                return;
            }
            long now = System.nanoTime();
            synchronized (FeatureOutbox.this) {
                long step = frame.header().place().step();
                if (at >= 0 && step > at) {
                    double each = (double) (now - since) / (step - at);
                    double most = stepNanos == 0 ? each : Math.min(each, LONGEST * stepNanos);
                    stepNanos = stepNanos == 0 ? each : (1 - NEWEST) * stepNanos + NEWEST * most;
                }
                at = step;
                whole = frame.header().place().slot();
                window = frame.header().place().position();
                since = now;
                FeatureOutbox.this.notifyAll();
            }
        }

        @Override
        public void broken(String why) {
            LOG.info("No features go to {} any more: {}", member, why);
            synchronized (FeatureOutbox.this) {
                broken = true;
                FeatureOutbox.this.notifyAll();
            }
        }
    }
}
