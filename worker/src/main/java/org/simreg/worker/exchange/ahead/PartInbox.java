package org.simreg.worker.exchange.ahead;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
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
 * The parts of an evaluation's features that other members have sent to the one that leads. One pass is collected at a
 * time. Safe for use by any thread.
 *
 * <p>What a member doesn't send is missing and nothing else: who collects may compute it itself. Memory is taken for
 * rows of the pass at hand only.
 */
public final class PartInbox implements EvaluationShares {
    private static final Logger LOG = LoggerFactory.getLogger(PartInbox.class);

    private final SerialThread thread = new SerialThread("simreg-parts", PartInbox::failed);
    private final List<Lane> lanes = new ArrayList<>();
    private final int members;
    private SharedPass pass;
    private Place at = new Place(-1, 0);
    private float[][] arrived = {};
    private boolean[] left = {};

    PartInbox(PeerTransport transport, Peers peers) {
        members = peers.size();
        synchronized (this) {
            for (int rank = 1; rank < members; rank++) {
                lanes.add(new Lane(transport, peers, rank));
            }
            lanes.forEach(lane -> lane.lane.open());
        }
    }

    private static void failed(Throwable e) {
        LOG.warn("Features of a member could not be taken", e);
    }

    /** Members that share, the one that leads among them: rank 0. */
    public int members() {
        return members;
    }

    /** Begins to collect a pass, and lets the others know. */
    public synchronized void begin(SharedPass next) {
        pass = next;
        arrived = new float[next.batches()][];
        left = new boolean[next.batches()];
        tell(next.place(), true);
    }

    /** Ends the pass at hand, if there is one: its rows are forgotten, and the others compute no more of it. */
    public synchronized void end() {
        if (pass != null) {
            end(pass.place().next());
        }
    }

    /** Ends all passes before a place. */
    public synchronized void end(Place next) {
        pass = null;
        arrived = new float[0][];
        left = new boolean[0];
        tell(next, false);
    }

    private void tell(Place place, boolean collected) {
        at = place;
        FrameHeader.Place word = new FrameHeader.Place(place.step(), place.slot(), collected ? 1 : 0);
        lanes.stream().filter(lane -> !lane.broken).forEach(lane -> lane.lane.send(FrameHeader.Kind.AT, word));
    }

    /** Whether a batch has come. */
    public synchronized boolean has(int batch) {
        return batch < arrived.length && arrived[batch] != null;
    }

    /** The rows (n, D) of a batch that has come, row by row; handed over. */
    public synchronized float[] take(int batch) {
        float[] rows = arrived[batch];
        arrived[batch] = new float[0];
        return rows;
    }

    /** The batches of other members that haven't come, ascending. */
    public synchronized List<Integer> missing() {
        return IntStream.range(0, arrived.length)
                .filter(batch -> SharedPass.rank(batch, members) != 0 && arrived[batch] == null)
                .boxed()
                .toList();
    }

    /** Those of them that won't come: their member has left them, or is lost. */
    public synchronized List<Integer> givenUp() {
        return missing().stream()
                .filter(batch -> left[batch] || lanes.get(SharedPass.rank(batch, members) - 1).broken)
                .toList();
    }

    /** Waits until something has come, or a while. */
    public synchronized void await(long ms) {
        try {
            TimeUnit.MILLISECONDS.timedWait(this, ms);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Abandoned("interrupted while waiting for the others' features");
        }
    }

    @Override
    public void close() {
        synchronized (this) {
            lanes.forEach(lane -> lane.lane.close());
        }
        thread.close();
    }

    /** The lane from one member; what is on its way belongs to the lane's thread. */
    private final class Lane implements FeatureLane.End {
        private final FeatureLane lane;
        private final int rank;
        private final String worker;
        private boolean broken;
        private Place from;
        private int coming;
        private FeatureHeader header;
        private float[] values;
        private int missing;

        Lane(PeerTransport transport, Peers peers, int rank) {
            this.rank = rank;
            worker = peers.get(rank).worker();
            Peers two = FeatureLane.ends(peers, rank, FeatureLane.TAKER);
            lane = new FeatureLane(transport, two, FrameHeader.Use.PARTS, thread, this);
        }

        @Override
        public void take(Frame frame) {
            FrameHeader.Place place = frame.header().place();
            boolean good = switch (frame.header().kind()) {
                case FEATURES -> begin(place, FeatureHeader.read(frame.payload()));
                case VALUES -> add(place, frame);
                default -> false;
            };
            if (!good) {
                lane.refuse("sent a part that is none: " + place);
            }
        }

        private boolean begin(FrameHeader.Place place, FeatureHeader read) {
            if (read == null || missing > 0 || read.rows() < 0 || read.width() < 1) {
                return false;
            }
            from = new Place(place.step(), place.slot());
            coming = place.position();
            header = read;
            values = null;
            synchronized (PartInbox.this) {
                if (isOver()) {
                    missing = (int) Math.min(Integer.MAX_VALUE, (long) read.rows() * read.width());
                    return true;
                }
                if (pass == null || !isMine()) {
                    return false;
                }
                if (!pass.origin().takes(read.profile())) {
                    LOG.warn(
                            "{} has {}, this member {}",
                            worker,
                            read.profile(),
                            pass.origin().word());
                    lane.refuse("has other images or another numeric profile");
                    return true;
                }
                if (read.rows() == 0) {
                    left[coming] = true;
                    PartInbox.this.notifyAll();
                    return true;
                }
                if (read.rows() != pass.rowsOf(coming)
                        || read.width() != pass.rows().width()) {
                    return false;
                }
            }
            values = new float[read.rows() * read.width()];
            missing = values.length;
            return true;
        }

        /** Whether what comes is of a pass that isn't collected any more. */
        private boolean isOver() {
            return from.compareTo(at) < 0;
        }

        private boolean isMine() {
            return from.equals(at)
                    && coming >= 0
                    && coming < pass.batches()
                    && SharedPass.rank(coming, members) == rank;
        }

        private boolean add(FrameHeader.Place place, Frame frame) {
            int count = frame.header().length() / Float.BYTES;
            if (count > missing || !new Place(place.step(), place.slot()).equals(from)) {
                return false;
            }
            if (values != null) {
                if (place.position() < 0 || place.position() > values.length - count) {
                    return false;
                }
                frame.floats().get(values, place.position(), count);
            }
            missing -= count;
            return missing > 0 || values == null || arrive();
        }

        private boolean arrive() {
            float[] all = values;
            values = null;
            if (!header.describes(all)) {
                return false;
            }
            synchronized (PartInbox.this) {
                if (!isOver() && pass != null) {
                    arrived[coming] = all;
                    PartInbox.this.notifyAll();
                }
            }
            return true;
        }

        @Override
        public void broken(String why) {
            LOG.info("No features come from {} any more: {}", worker, why);
            synchronized (PartInbox.this) {
                broken = true;
                PartInbox.this.notifyAll();
            }
        }
    }
}
